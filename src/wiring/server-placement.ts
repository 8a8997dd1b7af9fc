/** Where stdio servers run: a process of this gateway, the one process of all gateways, or a container (model/container.ts). */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type Duplex, Readable } from 'node:stream';
import { type Clock, sleep } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { ServerSpec } from '../model/server.ts';
import type { Settings } from '../model/settings.ts';
import type { Log } from '../observability/log.ts';
import type { ServerPlaces } from '../replicas/server-streams.ts';
import type { Environment } from '../snapshot/values.ts';
import type { LinkEvents, OpenLink } from '../upstream/link.ts';
import { openContainerLink } from '../upstream/stdio/containers/container-link.ts';
import type { ContainerRuntime } from '../upstream/stdio/containers/container-runtime.ts';
import { createDockerRuntime } from '../upstream/stdio/containers/docker-runtime.ts';
import { createKubernetesRuntime } from '../upstream/stdio/containers/kubernetes-runtime.ts';
import type { RunningServer } from '../upstream/stdio/running-server.ts';
import { SharedServer } from '../upstream/stdio/shared-server.ts';
import { linkTo } from '../upstream/stdio/stdio-link.ts';

/** How often it is looked for who has the one process. */
const LOOK_MS = 100;
/** For answers that other gateways wait for when this one ends. */
const DRAIN_MS = 2_000;
const CLOSE_MS = 1_000;
/** Where Kubernetes puts what a pod may do (kubernetes.io/docs/tasks/run-application/access-api-from-pod). */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ServerPlacementDeps {
  readonly settings: Pick<Settings, 'containerEngine' | 'containerNetwork' | 'data'>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly environment: () => Environment;
  readonly places: ServerPlaces;
  /** Closes the server's connections and opens them anew. */
  readonly restart: (server: string) => Promise<void>;
}

export interface ServerPlacement {
  /** `process` opens a process of this gateway. */
  open(spec: ServerSpec, values: (text: string) => string, process: OpenLink): OpenLink;
  /** Other gateways get the answers they wait for, for a moment, and then look for the process elsewhere. */
  close(): Promise<void>;
}

/** Throws `config.invalid` where Kubernetes is wanted and this is no pod. */
export function createServerPlacement(deps: ServerPlacementDeps): ServerPlacement {
  const { places, clock, log, environment } = deps;
  /** Those of this gateway, by the server's name; beside the one that serves there may be one that is asked what it speaks. */
  const shared = new Map<SharedServer, string>();
  /** A process that ends is gone before another is begun. */
  const endings = new Map<string, Promise<void>>();
  let isLeaving = false;
  const runtime = createRuntime(deps);
  runtime?.removeOrphans().then(
    (count) => count > 0 && log.warn('containers of an earlier run removed', { count }),
    (thrown: unknown) => log.error('container engine', { detail: toFault(thrown).detail ?? String(thrown) }),
  );
  places.onAsked((server) => {
    const found = [...shared].find(([candidate, name]) => name === server && candidate.isReady)?.[0];
    return found === undefined || isLeaving ? undefined : (socket) => found.join(socket);
  });
  places.onMoved(() => {
    // Who comes to have them waits for that already, or has a stream that ends with the process at the other gateway.
    if (places.isHere()) return;
    for (const name of new Set(shared.values())) deps.restart(name).catch((thrown: unknown) => log.warn('placement', { server: name, detail: toFault(thrown).detail ?? String(thrown) }));
  });
  const onStderr = (server: string) => (line: string): void => log.debug('stderr', { server, line });
  const openOne = (spec: ServerSpec, process: OpenLink): OpenLink => async (events) => {
    const place = await findPlace(spec, { places, clock });
    if (place !== 'here') return linkTo(runningElsewhere(place, clock), spec, { clock, redact: (text) => text }, events);
    await endings.get(spec.name);
    const server = new SharedServer();
    let close = (): Promise<void> => Promise.resolve();
    const forgetting: LinkEvents = {
      message: (...args) => events.message(...args),
      failed: (...args) => events.failed(...args),
      dropped: (...args) => events.dropped(...args),
      closed: (fault) => {
        shared.delete(server);
        events.closed(fault);
        endings.set(spec.name, close());
      },
    };
    const link = await server.open(process)(forgetting);
    close = () => link.close();
    shared.set(server, spec.name);
    return link;
  };
  return {
    open: (spec, values, process) => {
      if (spec.placement === 'one') return openOne(spec, process);
      if (spec.placement !== 'container') return process;
      return async (events) => {
        if (runtime === undefined) throw new Fault('upstream.unavailable', { server: spec.name, reason: 'no_container_engine', detail: 'this gateway runs no containers: its operator has named no engine (METAMCP_CONTAINER_ENGINE)' });
        return await openContainerLink(spec, values, { clock, runtime, environment: environment(), onStderr: onStderr(spec.name) }, events);
      };
    },
    close: async () => {
      isLeaving = true;
      const untilMs = clock.monotonicMs() + DRAIN_MS;
      while ([...shared.keys()].some((server) => server.leave() > 0) && clock.monotonicMs() < untilMs) await sleep(clock, LOOK_MS);
      for (const server of shared.keys()) server.end();
    },
  };
}

/** Waits until somebody has the process or is to have it; rejects with `upstream.unavailable` after the time that a start may take. */
async function findPlace(spec: ServerSpec, { places, clock }: { readonly places: ServerPlaces; readonly clock: Clock }): Promise<'here' | Duplex> {
  const untilMs = clock.monotonicMs() + spec.startTimeoutMs;
  for (;;) {
    if (places.isHere()) return 'here';
    const stream = await places.reach(spec.name).catch((thrown: unknown) => {
      const fault = toFault(thrown);
      if (fault.code !== 'gateway.replica_unreachable') throw thrown;
      return undefined;
    });
    if (stream !== undefined) return stream;
    if (clock.monotonicMs() > untilMs) throw new Fault('upstream.unavailable', { server: spec.name, reason: 'no_place', detail: 'no gateway has its one process' });
    await sleep(clock, LOOK_MS);
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

function createRuntime({ settings, clock, random, environment }: ServerPlacementDeps): ContainerRuntime | undefined {
  const { containerEngine, containerNetwork, data } = settings;
  if (containerEngine === undefined) return undefined;
  const gateway = hash('sha256', `${hostname()}\0${resolve(data)}`, 'hex').slice(0, 32);
  const newSuffix = (): string => Buffer.from(random(6)).toString('hex');
  if (containerEngine !== 'kubernetes') return createDockerRuntime({ clock, socketPath: containerEngine.slice('unix://'.length), gateway, network: containerNetwork, newSuffix });
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, POD_NAME: name, POD_UID: uid } = environment();
  if (host === undefined || port === undefined) throw new Fault('config.invalid', { message: 'METAMCP_CONTAINER_ENGINE is kubernetes, but this is no pod: KUBERNETES_SERVICE_HOST is not set.' });
  const read = (file: string): string => readFileSync(`${SERVICE_ACCOUNT}/${file}`, 'utf8').trim();
  const access = { url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, namespace: read('namespace'), token: () => read('token'), ca: read('ca.crt') };
  return createKubernetesRuntime({ clock, access, gateway, owner: name === undefined || uid === undefined ? undefined : { name, uid }, newSuffix });
}
