/** One server on demand: its process, its connection, and what is known of it. */
import type { Clock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { ServerSpec } from '../model/server.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { connectUpstream, Verdicts } from '../upstream/detect.ts';
import type { Peer } from '../upstream/peer.ts';
import type { LimitKind } from '../upstream/stdio/process-limits.ts';
import type { Usage } from '../upstream/stdio/process-sampler.ts';
import { type Confinement, openStdioLink, type StdioDeps } from '../upstream/stdio/stdio-link.ts';
import type { Outcome } from '../upstream/upstream.ts';

export interface ChildPlan {
  readonly id: string;
  /** A template's name, or `script`. */
  readonly source: string;
  readonly spec: ServerSpec;
  readonly environment: Readonly<Record<string, string>>;
  readonly confinement: Pick<Confinement, 'limits' | 'sampler' | 'wrap'>;
  readonly callTimeoutMs: number;
}

export interface ChildDeps extends Pick<StdioDeps, 'watcher'> {
  readonly clock: Clock;
  readonly random: () => number;
  readonly gatewayInfo: JsonObject;
  readonly exceeded: (kind: LimitKind, detail: string) => void;
  /** It is gone, whoever ended it. Called once, after `open` resolved. */
  readonly closed: (fault: Fault) => void;
  readonly onStderr?: (line: string) => void;
}

/** What a child used since it was started. */
export interface ChildUse extends Usage {
  readonly uptimeMs: number;
  readonly idleMs: number;
  readonly callCount: number;
  readonly errorCount: number;
}

const NOTHING: Usage = { memoryBytes: 0, cpuMs: 0, processes: 0 };
/** How long a server that let a call time out may take to say that it is there. */
const SIGN_OF_LIFE_MS = 2_000;

export class Child {
  readonly plan: ChildPlan;
  readonly #clock: Clock;
  readonly #peer: Peer;
  #usage: () => Usage = () => NOTHING;
  readonly startedAtMs: number;
  lastUsedMs: number;
  callCount = 0;
  errorCount = 0;
  #isClosed = false;
  #closed: (fault: Fault) => void;

  private constructor(plan: ChildPlan, peer: Peer, { clock, closed }: Pick<ChildDeps, 'clock' | 'closed'>) {
    this.#closed = closed;
    this.plan = plan;
    this.#peer = peer;
    this.#clock = clock;
    this.startedAtMs = clock.nowMs();
    this.lastUsedMs = clock.monotonicMs();
  }

  /** Starts it and shakes hands. Rejects with a Fault; nothing of it is left then. */
  static async open(plan: ChildPlan, deps: ChildDeps): Promise<Child> {
    const opened: { child?: Child; end?: Fault; usage?: () => Usage } = {};
    const confinement: Confinement = { ...plan.confinement, exceeded: deps.exceeded, started: ({ usage }) => (opened.usage = usage) };
    const closed = (fault: Fault): void => {
      opened.end ??= fault;
      if (opened.child === undefined || opened.child.#isClosed) return;
      opened.child.#isClosed = true;
      opened.child.#closed(fault);
    };
    const peer = await connectUpstream(
      (events) => openStdioLink(plan.spec, (text) => text, { clock: deps.clock, environment: plan.environment, watcher: deps.watcher, confinement, ...(deps.onStderr === undefined ? {} : { onStderr: deps.onStderr }) }, events),
      plan.spec,
      {
        clock: deps.clock,
        random: deps.random,
        gatewayInfo: deps.gatewayInfo,
        isInteractive: false,
        verdicts: new Verdicts(deps.clock),
        onDropped: () => undefined,
        events: { listChanged: () => undefined, resourceUpdated: () => undefined, log: () => undefined, notify: () => undefined, ask: (request) => request.refuse({ code: -32601, message: 'Method not found' }), closed },
      },
    );
    const child = new Child(plan, peer, deps);
    opened.child = child;
    if (opened.usage !== undefined) child.#usage = opened.usage;
    if (opened.end !== undefined) throw opened.end;
    return child;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** From now on somebody else is told of its end. */
  closedFor(closed: (fault: Fault) => void): void {
    this.#closed = closed;
  }

  get inFlight(): number {
    return this.#peer.inFlight;
  }

  get pid(): number | undefined {
    return this.#peer.pid;
  }

  get use(): ChildUse {
    return { ...this.#usage(), uptimeMs: this.#clock.nowMs() - this.startedAtMs, idleMs: this.idleMs, callCount: this.callCount, errorCount: this.errorCount };
  }

  get serverInfo(): JsonObject {
    return this.#peer.profile.serverInfo;
  }

  get idleMs(): number {
    return this.inFlight > 0 ? 0 : this.#clock.monotonicMs() - this.lastUsedMs;
  }

  /** Any request; progress goes to `onProgress`. Rejects with a Fault where there is no result. */
  async ask(method: string, params: JsonObject, options: { readonly timeoutMs?: number; readonly signal?: AbortSignal; readonly onProgress?: (params: JsonObject) => void } = {}): Promise<JsonObject> {
    const outcome = await new Promise<Outcome>((resolve) => {
      const call = this.#peer.send(
        { method, params, progressToken: options.onProgress === undefined ? undefined : 1, clientCapabilities: {}, clientInfo: undefined, logLevel: undefined, headers: {}, timeoutMs: options.timeoutMs ?? this.plan.callTimeoutMs },
        {
          end: resolve,
          notify: (name, told) => {
            if (name === 'notifications/progress') options.onProgress?.(told);
          },
          ask: (request) => request.refuse({ code: -32601, message: 'Method not found' }),
        },
      );
      options.signal?.addEventListener('abort', () => call.cancel('the caller cancelled'), { once: true });
    });
    this.lastUsedMs = this.#clock.monotonicMs();
    if (outcome.kind === 'result') return outcome.result.value;
    if (outcome.kind === 'fault') throw outcome.fault;
    throw new Fault('upstream.protocol_error', { message: `The server answered with error ${outcome.error.code}: ${outcome.error.message.slice(0, 500)}` });
  }

  /** Whether it still answers anything. */
  async isAlive(): Promise<boolean> {
    try {
      await this.ask('tools/list', {}, { timeoutMs: SIGN_OF_LIFE_MS });
      return true;
    } catch (thrown) {
      return toFault(thrown).code === 'upstream.protocol_error';
    }
  }

  /** Resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    await this.#peer.close();
  }
}
