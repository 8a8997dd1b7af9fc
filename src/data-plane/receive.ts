/** Stage 1: HTTP in. Address, endpoint, method, size and type of the body; takes the snapshot the exchange keeps. */
import { type HttpRequest, PlainPost } from '../base/http.ts';
import type { HeldBytes } from '../base/byte-budget.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { EndpointSpec } from '../model/endpoint.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { HOPS_HEADER, HOPS_MAX, readHops } from '../upstream/dialer/hops.ts';
import type { Door, Received } from './exchange.ts';

export const PATH_PREFIX = '/metamcp/';

const DOORS: Readonly<Record<Door, readonly string[]>> = { mcp: ['POST', 'GET', 'DELETE'], sse: ['GET'], message: ['POST'], 'catalog.json': ['GET'], api: ['POST', 'GET'] };

export interface ReceiveDeps {
  readonly snapshot: () => Snapshot;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly newCorrelationId: () => string;
  /** The endpoint of an inspection, by the name in its address. */
  readonly inspected: (name: string, snapshot: Snapshot) => EndpointSpec | undefined;
}

/** Throws `request.not_found`, `request.method_not_allowed`, `request.invalid`. */
export function receive(http: HttpRequest, deps: ReceiveDeps): Received {
  const url = http.url ?? '';
  const queryAt = url.indexOf('?');
  const path = queryAt < 0 ? url : url.slice(0, queryAt);
  const slash = path.indexOf('/', PATH_PREFIX.length);
  const named = path.slice(slash + 1);
  const door = named.startsWith('api/') ? 'api' : named;
  const snapshot = deps.snapshot();
  const name = slash < 0 ? '' : path.slice(PATH_PREFIX.length, slash);
  const endpoint = snapshot.endpoints.get(name) ?? deps.inspected(name, snapshot);
  if (endpoint === undefined || !isDoor(door)) throw new Fault('request.not_found');
  if (http.headers.upgrade !== undefined) throw new Fault('request.invalid', { reason: 'upgrade_not_supported' });
  if (!DOORS[door].includes(http.method ?? '')) throw new Fault('request.method_not_allowed');
  const hops = http.headers[HOPS_HEADER];
  if (hops !== undefined && readHops(String(hops)) > HOPS_MAX) throw new Fault('request.invalid', { reason: 'too_many_hops' });
  return {
    correlationId: deps.newCorrelationId(),
    http,
    door,
    query: queryAt < 0 ? '' : url.slice(queryAt + 1),
    endpoint,
    snapshot,
    startedMs: deps.nowMs() - (http instanceof PlainPost ? http.waitedMs : 0),
    atMs: deps.wallMs(),
  };
}

function isDoor(text: string): text is Door {
  return Object.hasOwn(DOORS, text);
}

/**
 * Reads the body of a POST. Throws `request.media_type` for anything but plain `application/json` (which also keeps
 * simple cross-site forms out), `request.too_large` as soon as the limit is known to be crossed, and `limit.overloaded`
 * where the bodies of all requests in flight are too much together.
 */
export function readBody(http: HttpRequest, bodyBytesMax: number, held: HeldBytes): Buffer | Promise<Buffer> {
  const type = http.headers['content-type'] ?? '';
  const isJson = type === 'application/json' || /^application\/json\s*(?:;|$)/i.test(type);
  if (!isJson || (http.headers['content-encoding'] ?? 'identity') !== 'identity') throw new Fault('request.media_type');
  if (Number(http.headers['content-length'] ?? 0) > bodyBytesMax) throw new Fault('request.too_large');
  if (http instanceof PlainPost) {
    held.take(http.body.length);
    return http.body;
  }
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let bytes = 0;
    const refuse = (thrown: unknown): void => {
      http.pause();
      [first, rest] = [undefined, undefined];
      reject(toFault(thrown));
    };
    http.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bodyBytesMax) return refuse(new Fault('request.too_large'));
      try {
        held.take(chunk.length);
      } catch (thrown) {
        return refuse(thrown);
      }
      if (first === undefined) first = chunk;
      else (rest ??= []).push(chunk);
    });
    http.on('end', () => resolve(first === undefined ? Buffer.alloc(0) : rest === undefined ? first : Buffer.concat([first, ...rest])));
    http.on('error', () => reject(new Fault('request.timeout', { detail: 'the client went away while sending' })));
  });
}
