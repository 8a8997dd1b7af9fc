/** JSON posted to services that an operator configured, over connections that stay open: policy engines are asked at every call. */
import { Pool } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { Dialer } from './dialer.ts';

export interface JsonPoster {
  /** Rejects with `upstream.unavailable` or `egress.refused`, at the latest after `timeoutMs`. Follows no redirect. */
  readonly post: (url: string, body: string, timeoutMs: number) => Promise<{ readonly status: number; readonly body: string }>;
  /** Ends its connections. */
  readonly close: () => Promise<void>;
}

const BODY_BYTES_MAX = 1 << 20;
const CONNECTIONS_MAX = 32;

export function createJsonPoster({ clock, dialer, service }: { readonly clock: Clock; readonly dialer: Dialer; readonly service: string }): JsonPoster {
  const pools = new Map<string, Pool>();
  const poolFor = (text: string): Pool => {
    const { url, connect } = dialer.operatorTarget(text, service);
    let pool = pools.get(url.origin);
    if (pool === undefined) pools.set(url.origin, (pool = new Pool(url.origin, { connect, connections: CONNECTIONS_MAX, allowH2: false, headersTimeout: 0, bodyTimeout: 0 })));
    return pool;
  };
  return {
    async post(url, body, timeoutMs) {
      const aborting = new AbortController();
      const cancelTimer = clock.after(timeoutMs, () => aborting.abort(unavailable(url, 'no answer in time')));
      try {
        const { pathname, search } = new URL(url);
        const headers = { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'metamcp' };
        const answer = await poolFor(url).request({ method: 'POST', path: pathname + search, headers, body, signal: aborting.signal });
        return { status: answer.statusCode, body: await read(answer.body, url) };
      } catch (thrown) {
        throw thrown instanceof Fault ? thrown : unavailable(url, thrown instanceof Error ? thrown.message : String(thrown));
      } finally {
        cancelTimer();
      }
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

async function read(body: AsyncIterable<Buffer>, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw unavailable(url, `above ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unavailable(url: string, detail: string): Fault {
  return new Fault('upstream.unavailable', { detail: `${URL.parse(url)?.host ?? 'no URL'}: ${detail}` });
}
