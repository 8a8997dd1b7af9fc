/**
 * Requests to a service that an operator configured by its address, such as an identity provider. Its own origin is
 * dialled as the operator wrote it; whatever other address it names goes by the rules for strangers. No redirects, size
 * and time are bounded.
 */
import { Client } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { Dialer } from './dialer.ts';

export interface WebFetchDeps {
  readonly clock: Clock;
  readonly dialer: Dialer;
  /** What the operator wrote. */
  readonly operatorUrl: string;
  /** For faults: which service it is. */
  readonly service: string;
}

export interface WebRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const BODY_BYTES_MAX = 1 << 20;
const TOTAL_TIMEOUT_MS = 10_000;

/** Rejects with `egress.refused` or `upstream.unavailable`. */
export function createWebFetch({ clock, dialer, operatorUrl, service }: WebFetchDeps): (url: string, request: WebRequest) => Promise<Response> {
  const { origin } = new URL(operatorUrl);
  return async (text, { method, headers, body }) => {
    const { url, connect } = URL.parse(text)?.origin === origin ? dialer.operatorTarget(text, service) : dialer.guardedTarget(text);
    const client = new Client(url.origin, { connect, allowH2: false, headersTimeout: 0, bodyTimeout: 0 });
    const aborting = new AbortController();
    const cancelTimer = clock.after(TOTAL_TIMEOUT_MS, () => aborting.abort(unavailable(url, 'no answer in time')));
    try {
      const path = url.pathname + url.search;
      const answer = await client.request({ method, path, headers: { 'user-agent': 'metamcp', ...headers }, body: body ?? null, signal: aborting.signal } as Parameters<Client['request']>[0]);
      const bytes = await read(answer.body, url);
      return new Response(isBodiless(answer.statusCode) ? null : bytes, { status: answer.statusCode, headers: toHeaders(answer.headers) });
    } catch (thrown) {
      throw thrown instanceof Fault ? thrown : unavailable(url, thrown instanceof Error ? thrown.message : String(thrown));
    } finally {
      cancelTimer();
      await client.destroy();
    }
  };
}

async function read(body: AsyncIterable<Buffer>, url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw unavailable(url, `above ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function toHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) for (const one of [value ?? []].flat()) all.append(name, one);
  return all;
}

/** Fetch standard, "null body status". */
function isBodiless(status: number): boolean {
  return [204, 205, 304].includes(status);
}

function unavailable(url: URL, detail: string): Fault {
  return new Fault('upstream.unavailable', { detail: `${url.host}: ${detail}` });
}
