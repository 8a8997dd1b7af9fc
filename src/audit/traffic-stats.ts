/** Figures of the last hour and day, in memory: in all, and for each server, tool and endpoint. */
import { type CallFigures, tokensOf } from './audit-record.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const WINDOWS = { hour: { slotMs: MINUTE_MS, slots: 60 }, day: { slotMs: HOUR_MS, slots: 24 } } as const;
export type Window = keyof typeof WINDOWS;
/** Tools beyond these are counted in all, not by themselves. */
const NAMES_MAX = 2_000;

export interface Figures {
  readonly calls: number;
  readonly errors: number;
  readonly denied: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly tokens: number;
  readonly cost: number;
  readonly latency: LatencyHistogram;
}

type Counts = { -readonly [name in keyof Figures]: Figures[name] };

function newCounts(): Counts {
  return { calls: 0, errors: 0, denied: 0, bytesIn: 0, bytesOut: 0, tokens: 0, cost: 0, latency: new LatencyHistogram() };
}

/** Slots of time, each with its counts; those that are over go when others come. */
class Slots {
  readonly #slotMs: number;
  readonly #slots: number;
  readonly #counts = new Map<number, Counts>();
  /** The one that was counted into last. */
  #last = { slot: Number.NaN, counts: newCounts() };

  constructor({ slotMs, slots }: { readonly slotMs: number; readonly slots: number }) {
    this.#slotMs = slotMs;
    this.#slots = slots;
  }

  at(nowMs: number): Counts {
    const slot = Math.floor(nowMs / this.#slotMs);
    if (slot === this.#last.slot) return this.#last.counts;
    const known = this.#counts.get(slot);
    if (known !== undefined) return known;
    for (const old of this.#counts.keys()) if (old <= slot - this.#slots) this.#counts.delete(old);
    const counts = newCounts();
    this.#counts.set(slot, counts);
    this.#last = { slot, counts };
    return counts;
  }

  sum(nowMs: number): Counts {
    const sum = newCounts();
    for (const { counts } of this.series(nowMs)) if (counts !== undefined) addTo(sum, counts);
    return sum;
  }

  /** Oldest first, one for each slot. */
  series(nowMs: number): { readonly atMs: number; readonly counts: Counts | undefined }[] {
    const last = Math.floor(nowMs / this.#slotMs);
    return Array.from({ length: this.#slots }, (_, index) => last - this.#slots + 1 + index).map((slot) => ({
      atMs: slot * this.#slotMs,
      counts: this.#counts.get(slot),
    }));
  }
}

function addTo(sum: Counts, more: Counts): void {
  for (const name of ['calls', 'errors', 'denied', 'bytesIn', 'bytesOut', 'tokens', 'cost'] as const) sum[name] += more[name];
  sum.latency.merge(more.latency);
}

/** A server, tool or endpoint. */
class Named {
  readonly hour = new Slots(WINDOWS.hour);
  readonly day = new Slots(WINDOWS.day);
}

export interface NamedFigures extends Figures {
  readonly name: string;
}

/** What a list cost the last client that asked for it. */
export interface ServedList {
  readonly endpoint: string;
  readonly bytes: number;
  readonly atMs: number;
}

export class TrafficStats {
  readonly #all = new Named();
  readonly #tools = new Map<string, Named>();
  readonly #servers = new Map<string, Named>();
  readonly #endpoints = new Map<string, Named>();
  readonly #lists = new Map<string, ServedList>();

  add(record: CallFigures): void {
    count(this.#all, record);
    const { server, tool, endpoint } = record;
    if (server !== undefined) count(named(this.#servers, server), record);
    if (server !== undefined && tool !== undefined && tool !== '') count(named(this.#tools, `${server}\n${tool}`), record);
    if (endpoint !== undefined) count(named(this.#endpoints, endpoint), record);
    if (record.method === 'tools/list' && record.outcome === 'ok' && endpoint !== undefined)
      this.#lists.set(endpoint, { endpoint, bytes: record.bytesOut ?? 0, atMs: record.atMs });
  }

  total(window: Window, nowMs: number): Figures {
    return this.#all[window].sum(nowMs);
  }

  series(window: Window, nowMs: number): readonly { readonly atMs: number; readonly counts: Figures | undefined }[] {
    return this.#all[window].series(nowMs);
  }

  /** Busiest first; names of tools are `server\ntool`. */
  by(what: 'tools' | 'servers' | 'endpoints', window: Window, nowMs: number): readonly NamedFigures[] {
    const table = { tools: this.#tools, servers: this.#servers, endpoints: this.#endpoints }[what];
    return [...table]
      .map(([name, one]) => ({ name, ...one[window].sum(nowMs) }))
      .filter(({ calls }) => calls > 0)
      .toSorted((a, b) => b.calls - a.calls);
  }

  lists(): readonly ServedList[] {
    return [...this.#lists.values()];
  }
}

function named(table: Map<string, Named>, name: string): Named | undefined {
  const known = table.get(name);
  if (known !== undefined || table.size >= NAMES_MAX) return known;
  const added = new Named();
  table.set(name, added);
  return added;
}

function count(one: Named | undefined, record: CallFigures): void {
  if (one === undefined) return;
  countInto(one.hour.at(record.atMs), record);
  countInto(one.day.at(record.atMs), record);
}

function countInto(counts: Counts, { outcome, failedAt, durationMs, bytesIn = 0, bytesOut = 0, cost = 0 }: CallFigures): void {
  counts.calls++;
  if (outcome !== 'ok') counts.errors++;
  if (failedAt === 'policy') counts.denied++;
  counts.bytesIn += bytesIn;
  counts.bytesOut += bytesOut;
  counts.tokens += tokensOf(bytesIn) + tokensOf(bytesOut);
  counts.cost += cost;
  if (durationMs !== undefined) counts.latency.add(durationMs);
}
