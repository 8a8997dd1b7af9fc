/**
 * Servers of which there is one for all gateways (placement `one`): the leader has them, the others reach them over streams
 * (replicas/server-streams.ts). A process is shared by all who call; what runs inside of the gateway, the orchestrator, each
 * principal sees as its own, so there every connection has a stream.
 */
import { type Duplex, Readable } from 'node:stream';
import { type Clock, sleep } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Log } from '../observability/log.ts';
import type { JsonValue } from '../protocol/messages.ts';
import type { ServerPlaces, StreamTarget } from '../replicas/server-streams.ts';
import type { InnerServer } from '../upstream/inner-link.ts';
import { InnerStreams } from '../upstream/inner-streams.ts';
import type { Link, LinkEvents, OpenLink } from '../upstream/link.ts';
import type { RunningServer } from '../upstream/stdio/running-server.ts';
import { SharedServer } from '../upstream/stdio/shared-server.ts';
import { linkTo } from '../upstream/stdio/stdio-link.ts';

/** How often it is looked for who has the one process. */
const LOOK_MS = 100;
/** For answers that other gateways wait for when this one ends. */
const DRAIN_MS = 2_000;
const CLOSE_MS = 1_000;

export interface OnePlaceDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly places: ServerPlaces;
  /** Closes the server's connections and opens them anew. */
  readonly restart: (server: string) => Promise<void>;
  /** A server with placement `one` that runs inside of the gateway, as one principal sees it, for another gateway; undefined: it is none. */
  readonly serveInner: (target: StreamTarget) => ((send: (message: JsonValue) => void) => InnerServer) | undefined;
}

export class OnePlace {
  readonly #deps: OnePlaceDeps;
  /** Those of this gateway, by the server's name; beside the one that serves there may be one that is asked what it speaks. */
  readonly #shared = new Map<SharedServer, string>();
  /** A process that ends is gone before another is begun. */
  readonly #endings = new Map<string, Promise<void>>();
  /** Servers inside of this gateway that it has connections to itself. */
  readonly #innerNames = new Set<string>();
  readonly #innerStreams = new InnerStreams();
  #isLeaving = false;

  constructor(deps: OnePlaceDeps) {
    this.#deps = deps;
    deps.places.onAsked((target) => this.#find(target));
    deps.places.onMoved(() => this.#moved());
  }

  /** `open` opens it in this gateway. `principalId`: for whom alone; undefined: for all. */
  open(spec: ServerSpec, open: OpenLink, principalId: string | undefined): OpenLink {
    const { clock } = this.#deps;
    return async (events) => {
      const isInner = spec.type === 'orchestrator';
      const place = await this.#findPlace(spec, isInner ? principalId : undefined);
      if (place !== 'here') return linkTo(runningElsewhere(place, clock), spec, { clock, redact: (text) => text }, events);
      if (!isInner) return await this.#openShared(spec.name, open, events);
      this.#innerNames.add(spec.name);
      return await open(events);
    };
  }

  /** Other gateways get the answers they wait for, for a moment, and then look for the server elsewhere. */
  async close(): Promise<void> {
    const { clock } = this.#deps;
    this.#isLeaving = true;
    const untilMs = clock.monotonicMs() + DRAIN_MS;
    const busy = (): number => [...this.#shared.keys()].reduce((sum, server) => sum + server.leave(), this.#innerStreams.leave());
    while (busy() > 0 && clock.monotonicMs() < untilMs) await sleep(clock, LOOK_MS);
    for (const server of this.#shared.keys()) server.end();
    this.#innerStreams.end();
  }

  async #openShared(name: string, open: OpenLink, events: LinkEvents): Promise<Link> {
    await this.#endings.get(name);
    const server = new SharedServer();
    let close = (): Promise<void> => Promise.resolve();
    const forgetting: LinkEvents = {
      message: (...args) => events.message(...args),
      failed: (...args) => events.failed(...args),
      dropped: (...args) => events.dropped(...args),
      closed: (fault) => {
        this.#shared.delete(server);
        events.closed(fault);
        this.#endings.set(name, close());
      },
    };
    const link = await server.open(open)(forgetting);
    close = () => link.close();
    this.#shared.set(server, name);
    return link;
  }

  /** Another gateway opens a stream. */
  #find(target: StreamTarget): ((socket: Duplex) => void) | undefined {
    if (this.#isLeaving) return undefined;
    const serve = this.#deps.places.isHere() ? this.#deps.serveInner(target) : undefined;
    if (serve !== undefined) return (socket) => this.#innerStreams.join(socket, serve);
    const found = [...this.#shared].find(([candidate, name]) => name === target.server && candidate.isReady)?.[0];
    return found === undefined ? undefined : (socket) => found.join(socket);
  }

  #moved(): void {
    const { places, restart, log } = this.#deps;
    // Who comes to have them waits for that already, or has a stream that ends with the server at the other gateway.
    if (places.isHere()) return;
    this.#innerStreams.end();
    const names = new Set([...this.#shared.values(), ...this.#innerNames]);
    this.#innerNames.clear();
    for (const name of names) restart(name).catch((thrown: unknown) => log.warn('placement', { server: name, detail: toFault(thrown).detail ?? String(thrown) }));
  }

  /** Waits until somebody has the server or is to have it; rejects with `upstream.unavailable` after the time that a start may take. */
  async #findPlace(spec: ServerSpec, principalId: string | undefined): Promise<'here' | Duplex> {
    const { places, clock } = this.#deps;
    const untilMs = clock.monotonicMs() + spec.startTimeoutMs;
    for (;;) {
      if (places.isHere()) return 'here';
      const stream = await places.reach({ server: spec.name, principalId }).catch((thrown: unknown) => {
        const fault = toFault(thrown);
        if (fault.code !== 'gateway.replica_unreachable') throw thrown;
        return undefined;
      });
      if (stream !== undefined) return stream;
      if (clock.monotonicMs() > untilMs) throw new Fault('upstream.unavailable', { server: spec.name, reason: 'no_place', detail: 'no gateway has it' });
      await sleep(clock, LOOK_MS);
    }
  }
}

function runningElsewhere(socket: Duplex, clock: Clock): RunningServer {
  socket.on('error', () => undefined);
  return {
    pid: undefined,
    label: 'the process at another gateway',
    stdin: socket,
    stdout: socket,
    stderr: Readable.from([]),
    onEnd: (listener) => void socket.once('close', () => listener('the connection to that gateway ended')),
    end: () => {
      // Its other end closes when ours does; one that is gone does not.
      clock.after(CLOSE_MS, () => socket.destroy());
      return Promise.resolve();
    },
  };
}
