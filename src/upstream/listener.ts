/**
 * The subscription to a modern server: one `subscriptions/listen` kept open for the list changes and resource URIs that
 * are wanted (basic/patterns/subscriptions). A filter cannot be changed, so another set of URIs is another
 * subscription; the old one goes when the new one is acknowledged, so that nothing is missed between them.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import type { Call, CallEvents, Outcome, Watched } from './upstream.ts';

export interface ListenerDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly capabilities: JsonObject;
  /** Sends `subscriptions/listen` with this filter. */
  open(filter: JsonObject, events: CallEvents): Call & { readonly id: number };
  /** The server does not do subscriptions, in its own words. */
  onRefused(detail: string): void;
  /** A subscription was interrupted and is back: changes may have been missed. */
  onReopened(): void;
}

const REOPEN_MS_MIN = 1_000;
const REOPEN_MS_MAX = 60_000;

interface Subscription {
  readonly call: Call & { readonly id: number };
  isAcknowledged: boolean;
}

export class Listener {
  readonly #deps: ListenerDeps;
  #watched: Watched = { uris: new Set(), taskIds: new Set() };
  #current: Subscription | undefined;
  #former: Subscription | undefined;
  #failures = 0;
  /** Who waits for the current subscription to be acknowledged, or to fail. */
  #told: (() => void)[] = [];
  #cancelReopen: CancelTimer | undefined;
  #isInterrupted = false;
  #isStopped = false;

  constructor(deps: ListenerDeps) {
    this.#deps = deps;
  }

  /** Listens for these and whatever lists may change; opens nothing where there is nothing to hear. Resolves when the server acknowledged or refused. */
  watch(watched: Watched): Promise<void> {
    if (this.#isStopped || (this.#current !== undefined && isSameSet(watched.uris, this.#watched.uris) && isSameSet(watched.taskIds, this.#watched.taskIds))) return Promise.resolve();
    this.#watched = watched;
    if (this.#cancelReopen === undefined) this.#open();
    if (this.#current === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#told.push(resolve);
    });
  }

  /** Whether a message belongs to a subscription of ours, by its id and, where the transport tells, its carrier. */
  isOurs(subscriptionId: unknown, carrier: number | undefined): boolean {
    return [this.#current, this.#former].some((held) => held !== undefined && held.call.id === subscriptionId && (carrier === undefined || carrier === subscriptionId));
  }

  acknowledged(subscriptionId: unknown): void {
    if (this.#current?.call.id !== subscriptionId || this.#current === undefined) return;
    this.#current.isAcknowledged = true;
    this.#failures = 0;
    this.#tell();
    this.#dropFormer();
    if (!this.#isInterrupted) return;
    this.#isInterrupted = false;
    this.#deps.onReopened();
  }

  /** The server tears a subscription down. */
  cancelled(requestId: unknown): void {
    if (this.#current?.call.id === requestId) this.#current?.call.cancel('ended by the server');
  }

  stop(): void {
    this.#isStopped = true;
    this.#tell();
    this.#cancelReopen?.();
  }

  #open(): void {
    const filter = this.#filter();
    this.#dropFormer();
    this.#former = this.#current;
    this.#current = undefined;
    if (Object.keys(filter).length === 0) {
      this.#dropFormer();
      return;
    }
    const call = this.#deps.open(filter, {
      notify: () => undefined,
      ask: (question) => question.refuse({ code: -32601, message: 'Method not found' }),
      end: (outcome) => this.#ended(call.id, outcome),
    });
    this.#current = { call, isAcknowledged: false };
  }

  #tell(): void {
    for (const resolve of this.#told.splice(0)) resolve();
  }

  #dropFormer(): void {
    const former = this.#former;
    this.#former = undefined;
    former?.call.cancel('replaced');
  }

  #ended(id: number, outcome: Outcome): void {
    if (this.#former?.call.id === id) this.#former = undefined;
    if (this.#isStopped || this.#current?.call.id !== id) return;
    this.#current = undefined;
    this.#tell();
    if (outcome.kind === 'error') {
      this.#deps.onRefused(`${outcome.error.code} ${outcome.error.message.slice(0, 200)}`);
      // An answer in error will be the same next time; what a former subscription hears still counts.
      if (outcome.error.code === -32601 || outcome.error.code === -32602) return;
    }
    this.#isInterrupted = true;
    const delayMs = Math.min(REOPEN_MS_MIN * 2 ** this.#failures, REOPEN_MS_MAX);
    this.#failures++;
    this.#cancelReopen = this.#deps.clock.after(delayMs * (0.75 + this.#deps.random() / 2), () => {
      this.#cancelReopen = undefined;
      this.#open();
    });
  }

  #filter(): JsonObject {
    const { uris, taskIds } = this.#watched;
    const has = (kind: string, flag: string): boolean => {
      const part = this.#deps.capabilities[kind];
      return isObject(part) && part[flag] === true;
    };
    return {
      ...(has('tools', 'listChanged') ? { toolsListChanged: true } : {}),
      ...(has('prompts', 'listChanged') ? { promptsListChanged: true } : {}),
      ...(has('resources', 'listChanged') ? { resourcesListChanged: true } : {}),
      ...(has('resources', 'subscribe') && uris.size > 0 ? { resourceSubscriptions: [...uris] } : {}),
      ...(taskIds.size > 0 ? { taskIds: [...taskIds] } : {}),
    };
  }
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((member) => b.has(member));
}
