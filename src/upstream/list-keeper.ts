/**
 * What one server offers, kept up to date: read when it comes up and when it says that something changed, at most once
 * a second. The last good list outlives a server that is down or a read that fails, marked as what it is; and a list
 * of tools that is suddenly empty is believed only when it is empty twice.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { type Fault, toFault } from '../base/fault.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { type ListSource, type ReadList, readList } from './list-pages.ts';
import type { Peer } from './peer.ts';
import type { ListKind } from './upstream.ts';
import type { ServerLists } from './upstreams.ts';

export interface ListKeeperDeps {
  readonly server: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Definitions of these kinds really changed. */
  changed(kinds: readonly ListKind[]): void;
  /** The server said that these changed, and they were read again, whatever the difference. */
  announced(kinds: readonly ListKind[]): void;
  /** Problems or staleness changed. */
  stateChanged(): void;
}

const KINDS: readonly ListKind[] = ['tools', 'prompts', 'resources'];
const SOURCES: Readonly<Record<ListKind, readonly ListSource[]>> = {
  tools: [{ method: 'tools/list', member: 'tools', key: 'name' }],
  prompts: [{ method: 'prompts/list', member: 'prompts', key: 'name' }],
  resources: [
    { method: 'resources/list', member: 'resources', key: 'uri' },
    { method: 'resources/templates/list', member: 'resourceTemplates', key: 'uriTemplate' },
  ],
};
const INTERVAL_MS = 1_000;
const EMPTY: ServerLists = { version: 0, isStale: false, tools: [], prompts: [], resources: [], resourceTemplates: [] };

interface Finding {
  /** Left out or cut: for people. */
  readonly warnings: readonly string[];
  /** Why the list is not what the server would show; undefined where it is. */
  readonly problem: string | undefined;
}

export class ListKeeper {
  readonly #deps: ListKeeperDeps;
  readonly #findings = new Map<ListSource['member'], Finding>();
  #lists: ServerLists | undefined;
  #peer: Peer | undefined;
  #dirty = new Set<ListKind>();
  /** Kinds whose change the server announced since they were last read. */
  #told = new Set<ListKind>();
  #reading: Promise<void> | undefined;
  #lastReadMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: CancelTimer | undefined;
  #isSuspiciouslyEmpty = false;

  /** `former`: what a server of that name last offered; stale until this one answers. */
  constructor(deps: ListKeeperDeps, former: ServerLists | undefined) {
    this.#deps = deps;
    this.#lists = former && { ...former, isStale: true };
  }

  get lists(): ServerLists | undefined {
    return this.#lists;
  }

  get warnings(): readonly string[] {
    return [...this.#findings.values()].flatMap((finding) => [...finding.warnings, ...(finding.problem === undefined ? [] : [finding.problem])]);
  }

  get isDegraded(): boolean {
    return [...this.#findings.values()].some((finding) => finding.problem !== undefined);
  }

  /** The server is up: reads everything at once. Resolves when that is done. */
  up(peer: Peer): Promise<void> {
    this.#peer = peer;
    this.#dirty = new Set(KINDS);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    return this.#read();
  }

  down(): void {
    this.#peer = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#dirty.clear();
    this.#told.clear();
    if (this.#lists === undefined || this.#lists.isStale) return;
    this.#lists = { ...this.#lists, isStale: true };
    this.#deps.stateChanged();
  }

  /** The server says that a list changed; or, not to be announced, some other connection to it does. */
  listChanged(kind: ListKind, isToBeAnnounced = true): void {
    if (this.#peer === undefined) return;
    this.#dirty.add(kind);
    if (isToBeAnnounced) this.#told.add(kind);
    this.#schedule();
  }

  /** Reads everything now. */
  async resync(): Promise<void> {
    this.#dirty = new Set(KINDS);
    await this.#reading;
    await this.#read();
  }

  #schedule(): void {
    if (this.#cancelTimer !== undefined || this.#reading !== undefined) return;
    const delayMs = Math.max(this.#lastReadMs + INTERVAL_MS - this.#deps.clock.monotonicMs(), 0);
    this.#cancelTimer = this.#deps.clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      void this.#read();
    });
  }

  #read(): Promise<void> {
    const reading = this.#readDirty().finally(() => {
      if (this.#reading !== reading) return;
      this.#reading = undefined;
      if (this.#dirty.size > 0 && this.#peer !== undefined) this.#schedule();
    });
    this.#reading = reading;
    return reading;
  }

  async #readDirty(): Promise<void> {
    const peer = this.#peer;
    const kinds = KINDS.filter((kind) => this.#dirty.has(kind));
    if (peer === undefined || kinds.length === 0) return;
    this.#dirty.clear();
    const told = [...this.#told];
    this.#told.clear();
    this.#lastReadMs = this.#deps.clock.monotonicMs();
    const parts = await Promise.all(kinds.flatMap((kind) => SOURCES[kind].map((source) => this.#readOne(peer, kind, source))));
    // A server that went away meanwhile keeps what it last said whole.
    if (peer !== this.#peer) return;
    this.#publish(Object.assign({}, ...parts) as Partial<ServerLists>, kinds);
    if (told.length > 0) this.#deps.announced(told);
  }

  /** The new items under their member; nothing where the old ones stay. */
  async #readOne(peer: Peer, kind: ListKind, source: ListSource): Promise<Partial<ServerLists>> {
    const { member, method } = source;
    if (!isObject(peer.profile.capabilities[kind])) {
      this.#findings.delete(member);
      return { [member]: [] };
    }
    try {
      const ask = (name: string, params: JsonObject, timeoutMs: number) => peer.ask(name, params, timeoutMs);
      const read = await readList(source, { clock: this.#deps.clock, random: this.#deps.random, ask });
      if (peer !== this.#peer || this.#isDoubtful(source, read)) return {};
      const [problem, ...rest] = read.isCut ? read.warnings : [undefined, ...read.warnings];
      this.#findings.set(member, { warnings: rest.filter((text) => text !== undefined), problem });
      return { [member]: read.items };
    } catch (thrown) {
      const fault = toFault(thrown);
      if (peer !== this.#peer) return {};
      // Servers with resources need not have templates, and many answer so.
      const isOptional = member === 'resourceTemplates' && isUnknownMethod(fault);
      if (isOptional) this.#findings.delete(member);
      else this.#findings.set(member, { warnings: [], problem: `${method} failed: ${fault.detail ?? fault.message}` });
      return isOptional ? { [member]: [] } : {};
    }
  }

  /** No tools where there were some: asked once more before it is believed. */
  #isDoubtful(source: ListSource, read: ReadList): boolean {
    const isEmptied = source.member === 'tools' && read.items.length === 0 && (this.#lists?.tools.length ?? 0) > 0;
    if (!isEmptied || this.#isSuspiciouslyEmpty) {
      this.#isSuspiciouslyEmpty = this.#isSuspiciouslyEmpty && source.member !== 'tools';
      return false;
    }
    this.#isSuspiciouslyEmpty = true;
    this.#findings.set('tools', { warnings: [], problem: 'tools/list is suddenly empty; the last list stays until it is empty again' });
    this.#dirty.add('tools');
    return true;
  }

  #publish(parts: Partial<ServerLists>, kinds: readonly ListKind[]): void {
    const before = this.#lists ?? EMPTY;
    const isFirst = this.#lists === undefined;
    const kept = Object.fromEntries(Object.entries(parts).map(([member, items]) => [member, keepSame(before[member as Member], items as readonly JsonObject[])])) as Partial<ServerLists>;
    const changed = kinds.filter((kind) => SOURCES[kind].some(({ member }) => kept[member] !== undefined && kept[member] !== before[member]));
    const isFresh = this.#findings.get('tools')?.problem === undefined || !before.isStale;
    this.#lists = { ...before, ...(changed.length > 0 ? kept : {}), isStale: !isFresh, version: before.version + (changed.length > 0 || isFirst ? 1 : 0) };
    if (changed.length > 0 || isFirst) this.#deps.changed(isFirst ? KINDS : changed);
    this.#deps.stateChanged();
  }
}

type Member = ListSource['member'];

/**
 * The items as they were where they say the same, and the whole list where all do: whatever was found out about a
 * definition (how it is shown, what is wrong with it, what it is searched by) is remembered by its identity.
 */
function keepSame(before: readonly JsonObject[], items: readonly JsonObject[]): readonly JsonObject[] {
  const known = new Map(before.map((item) => [JSON.stringify(item), item]));
  const kept = items.map((item) => known.get(JSON.stringify(item)) ?? item);
  return kept.length === before.length && kept.every((item, at) => item === before[at]) ? before : kept;
}

function isUnknownMethod(fault: Fault): boolean {
  return fault.data?.['code'] === -32601;
}
