/** Where the authorization server sends the browser back (RFC 8252 section 7.3): one listener on loopback, for one answer. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { Refusal } from '../refusal.ts';

export interface LoopbackRedirect {
  readonly url: string;
  /** The parameters of the answer to the sign-in with this state; others are turned away. Rejects when nobody came in time, or `stopping` was aborted. */
  answer(state: string): Promise<URLSearchParams>;
  close(): void;
}

const PATH = '/callback';
const PAGE = (text: string): string => `<!doctype html><meta charset="utf-8"><title>MetaMCP</title><p>${text}</p>`;
const ADVICE = 'Start the command again, or give a key with --key.';

export async function openLoopbackRedirect(waiting: { readonly clock: Clock; readonly waitMs: number; readonly stopping: AbortSignal }): Promise<LoopbackRedirect> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}${PATH}`, close, answer: (state) => waitForAnswer(server, state, waiting) };
}

async function waitForAnswer(server: Server, state: string, { clock, waitMs, stopping }: Parameters<typeof openLoopbackRedirect>[0]): Promise<URLSearchParams> {
  const { promise, resolve, reject } = Promise.withResolvers<URLSearchParams>();
  const stop = (): void => reject(new Refusal('The sign-in was not finished.', ADVICE));
  const cancelTimer = clock.after(waitMs, stop);
  stopping.addEventListener('abort', stop, { once: true });
  if (stopping.aborted) stop();
  server.on('request', (http, response) => {
    const { pathname, searchParams } = new URL(http.url ?? '/', 'http://127.0.0.1');
    // Any page can send a browser here: only who knows the state began this.
    const isOurs = http.method === 'GET' && pathname === PATH && searchParams.get('state') === state;
    response.writeHead(isOurs ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', connection: 'close' });
    response.end(PAGE(isOurs ? 'You can close this page and go back to your client.' : 'Nothing is expected here.'));
    if (isOurs) resolve(searchParams);
  });
  try {
    return await promise;
  } finally {
    cancelTimer();
    stopping.removeEventListener('abort', stop);
  }
}
