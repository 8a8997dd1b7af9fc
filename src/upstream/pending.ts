/**
 * The requests under way on one connection. Ids are ours and ascend, an answer matches by value and type, and each
 * call ends exactly once: by the first answer, its deadline, its cancellation or the end of the connection.
 * One timer serves all deadlines; it is set for the earliest and looks again when it fires.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { RecentTable } from '../base/recent-table.ts';
import type { RequestId } from '../protocol/messages.ts';
import type { Call, CallEvents, Outcome, UpstreamRequest } from './upstream.ts';

/** What the table needs of its peer. */
export interface PendingOwner {
  readonly clock: Clock;
  readonly server: string;
  /** The call ends for our own reasons while the server still works on it: tell the server. */
  abandon(call: PendingCall, reason: string): void;
  /** A client's call ended: by the server's answer (`fault` undefined), or otherwise. */
  settled?(fault: Fault | undefined): void;
}

export class PendingCall implements Call {
  readonly id: number;
  readonly request: UpstreamRequest;
  readonly events: CallEvents;
  /** A request of the gateway itself: it neither attracts a server's questions nor counts as in flight. */
  readonly isOwn: boolean;
  /** On the monotonic clock; infinite while the call is held. */
  deadlineMs: number;
  /** Highest progress passed on so far. */
  progress = Number.NEGATIVE_INFINITY;
  /** Sent a second time after the server had refused it as of an unknown session. */
  isResent = false;
  readonly #table: PendingCalls;

  constructor(table: PendingCalls, id: number, what: Opening, deadlineMs: number) {
    this.#table = table;
    this.id = id;
    this.request = what.request;
    this.events = what.events;
    this.isOwn = what.isOwn;
    this.deadlineMs = deadlineMs;
  }

  cancel(reason: string): void {
    this.#table.cancel(this, reason);
  }

  hold(): () => void {
    return this.#table.hold(this);
  }
}

export interface Opening {
  readonly request: UpstreamRequest;
  readonly events: CallEvents;
  readonly isOwn: boolean;
}

export class PendingCalls {
  readonly #owner: PendingOwner;
  readonly #calls = new RecentTable<PendingCall>();
  /** Held calls: by how many, and the time each has left. */
  readonly #holds = new Map<PendingCall, { count: number; readonly leftMs: number }>();
  #lastId: number;
  #clientCount = 0;
  #cancelTimer: CancelTimer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(owner: PendingOwner, lastId = 0) {
    this.#owner = owner;
    this.#lastId = lastId;
  }

  /** Requests of clients under way. */
  get clientCount(): number {
    return this.#clientCount;
  }

  open(what: Opening): PendingCall {
    const deadlineMs = this.#owner.clock.monotonicMs() + what.request.timeoutMs;
    const call = new PendingCall(this, ++this.#lastId, what, deadlineMs);
    this.#calls.add(call.id, call);
    if (!what.isOwn) this.#clientCount++;
    if (deadlineMs < this.#timerAtMs) this.#watch(deadlineMs);
    return call;
  }

  /** Type-strict: the string "7" is not our 7. */
  find(id: RequestId | undefined): PendingCall | undefined {
    return typeof id === 'number' ? this.#calls.get(id) : undefined;
  }

  /** The one client request under way; undefined where there is none or more than one. */
  onlyClientCall(): PendingCall | undefined {
    if (this.#clientCount !== 1) return undefined;
    for (const call of this.#calls.values()) if (!call.isOwn) return call;
    return undefined;
  }

  /** Ends the call unless it has ended. */
  end(call: PendingCall, outcome: Outcome): boolean {
    if (this.#calls.get(call.id) !== call) return false;
    this.#calls.delete(call.id);
    if (this.#holds.size > 0) this.#holds.delete(call);
    if (!call.isOwn) this.#clientCount--;
    call.events.end(outcome);
    if (!call.isOwn) this.#owner.settled?.(outcome.kind === 'fault' ? outcome.fault : undefined);
    return true;
  }

  /** The time of a call does not run while it is held, by however many. */
  hold(call: PendingCall): () => void {
    const held = this.#holds.get(call) ?? { count: 0, leftMs: call.deadlineMs - this.#owner.clock.monotonicMs() };
    held.count++;
    this.#holds.set(call, held);
    call.deadlineMs = Number.POSITIVE_INFINITY;
    let isOver = false;
    return () => {
      if (isOver || this.#holds.get(call) !== held) return;
      isOver = true;
      if (--held.count > 0) return;
      this.#holds.delete(call);
      call.deadlineMs = this.#owner.clock.monotonicMs() + held.leftMs;
      if (call.deadlineMs < this.#timerAtMs) this.#watch(call.deadlineMs);
    };
  }

  fail(call: PendingCall, fault: Fault): boolean {
    return this.end(call, { kind: 'fault', fault });
  }

  cancel(call: PendingCall, reason: string): void {
    if (this.#calls.get(call.id) !== call) return;
    this.#owner.abandon(call, reason);
    this.fail(call, new Fault('request.cancelled', { server: this.#owner.server, detail: reason }));
  }

  endAll(fault: Fault): void {
    this.#cancelTimer?.();
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    for (const call of this.#calls.values()) this.fail(call, fault);
  }

  #watch(atMs: number): void {
    this.#cancelTimer?.();
    this.#timerAtMs = atMs;
    this.#cancelTimer = atMs === Number.POSITIVE_INFINITY ? undefined : this.#owner.clock.after(atMs - this.#owner.clock.monotonicMs(), () => this.#sweep());
  }

  #sweep(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#owner.clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const call of this.#calls.values()) {
      if (call.deadlineMs > nowMs) {
        nextMs = Math.min(nextMs, call.deadlineMs);
        continue;
      }
      this.#owner.abandon(call, 'timeout');
      this.fail(call, new Fault('upstream.timeout', { server: this.#owner.server, detail: `${call.request.method} after ${call.request.timeoutMs} ms` }));
    }
    if (nextMs < this.#timerAtMs) this.#watch(nextMs);
  }
}
