/**
 * What results left out: kept for a while and read as a resource of ours, by the principal whose result it was and at the
 * endpoint it came from. Bounded in bytes; the oldest go first.
 */
import type { Clock } from '../base/clock.ts';
import type { MiddlewareServices } from '../model/middleware.ts';
import { RawObject } from '../protocol/envelope.ts';
import type { Outcome } from '../upstream/upstream.ts';
import type { Decoded } from './exchange.ts';
import { unknownTarget } from './unknown-target.ts';

/** Of the URIs under which rests are read. */
export const CONTINUATION_PREFIX = 'metamcp://continuation/';
const TTL_MS = 10 * 60_000;
const BYTES_MAX = 64 << 20;
/** One principal's results must not push out everybody's. */
const BYTES_EACH_MAX = 16 << 20;
/** A reading gives so much, and says where the next part is. */
const PAGE_CHARS = 32_768;

interface Rest {
  readonly owner: string;
  readonly text: string;
  readonly bytes: number;
  readonly untilMs: number;
}

type Owner = Pick<Decoded, 'endpoint' | 'principal'>;

export class Continuations {
  readonly #clock: Clock;
  readonly #newId: () => string;
  /** Oldest first. */
  readonly #rests = new Map<string, Rest>();
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(clock: Clock, newId: () => string) {
    this.#clock = clock;
    this.#newId = newId;
  }

  /** The words by which the client can get it; undefined where it is too large. */
  keep(owner: Owner, text: string): string | undefined {
    const uri = this.#store(owner, text);
    return uri && `read the resource ${uri} for it, within ${TTL_MS / 60_000} minutes`;
  }

  /** As `keep`, for who found the tool by `call_read_tool` and may have no way to read a resource. */
  keepForTools(owner: Owner, text: string): string | undefined {
    const uri = this.#store(owner, text);
    return uri && `call_read_tool with the name ${uri}, or reading that resource, gives it for ${TTL_MS / 60_000} minutes`;
  }

  #store(owner: Owner, text: string): string | undefined {
    const bytes = Buffer.byteLength(text);
    const key = ownerKey(owner);
    this.#forget(bytes, key);
    if (bytes + (this.#bytesOf.get(key) ?? 0) > BYTES_EACH_MAX) return undefined;
    const id = this.#newId();
    this.#rests.set(id, { owner: key, text, bytes, untilMs: this.#clock.monotonicMs() + TTL_MS });
    this.#count(key, bytes);
    return CONTINUATION_PREFIX + id;
  }

  /** Undefined for any other URI. Throws `routing.unknown` for what is not there, or is somebody else's. */
  read(exchange: Decoded): Outcome | undefined {
    const { method, params } = exchange;
    const uri = params['uri'];
    if (method !== 'resources/read' || typeof uri !== 'string' || !uri.startsWith(CONTINUATION_PREFIX)) return undefined;
    const text = this.page(exchange, uri);
    if (text === undefined) throw unknownTarget(method, params);
    return { kind: 'result', result: RawObject.of({ contents: [{ uri, mimeType: 'text/plain', text }] }) };
  }

  /** One part of a rest, and where the next is; undefined where nothing is kept there for this owner. */
  page(owner: Owner, uri: string): string | undefined {
    const [id = '', query = ''] = uri.slice(CONTINUATION_PREFIX.length).split('?from=');
    const rest = this.#rests.get(id);
    const from = Number(query);
    if (rest === undefined || rest.owner !== ownerKey(owner) || rest.untilMs <= this.#clock.monotonicMs() || !Number.isSafeInteger(from) || from < 0) return undefined;
    const end = wholeEnd(rest.text, from + PAGE_CHARS);
    const more = end < rest.text.length ? `\n[more: read the resource ${CONTINUATION_PREFIX}${id}?from=${end}]` : '';
    return rest.text.slice(from, end) + more;
  }

  /** What is old, and the oldest until there is room. */
  #forget(bytes: number, owner: string): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [id, rest] of this.#rests) {
      const isFull = this.#bytes + bytes > BYTES_MAX || (rest.owner === owner && (this.#bytesOf.get(owner) ?? 0) + bytes > BYTES_EACH_MAX);
      if (rest.untilMs > nowMs && !isFull) continue;
      this.#rests.delete(id);
      this.#count(rest.owner, -rest.bytes);
    }
  }

  #count(owner: string, bytes: number): void {
    this.#bytes += bytes;
    const own = (this.#bytesOf.get(owner) ?? 0) + bytes;
    if (own > 0) this.#bytesOf.set(owner, own);
    else this.#bytesOf.delete(owner);
  }
}

/** What middleware may use for this exchange. */
export function servicesFor(exchange: Decoded, services: MiddlewareServices, continuations: Continuations): MiddlewareServices {
  return { ...services, keepRest: (text) => continuations.keep(exchange, text) };
}

function ownerKey({ endpoint, principal }: Owner): string {
  return `${endpoint.name}\n${principal.id}`;
}

/** Not inside of a character of two code units. */
function wholeEnd(text: string, end: number): number {
  if (end >= text.length) return text.length;
  const code = text.charCodeAt(end - 1);
  return code >= 0xd800 && code < 0xdc00 ? end - 1 : end;
}
