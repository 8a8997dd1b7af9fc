/**
 * The HTTP side of the bridge: POST, GET and DELETE at one MCP address (Streamable HTTP).
 *
 * A request that could not be sent at all (connection refused) is sent again once the gateway was found anew; one of
 * which a byte may have left is never sent twice.
 */
import type { Dispatcher } from 'undici';
import { Fault } from '../../base/fault.ts';
import { readEventStream, type StreamEvent } from './event-stream.ts';

/** Where the endpoint is, and what proves who asks. */
export interface Target {
  /** The MCP address, e.g. `http://127.0.0.1:12008/metamcp/default/mcp`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Finds the endpoint. `isAgain`: the last answer no longer works. `mayStart`: a gateway may be started for it. Throws a Fault. */
export type FindTarget = (wish: { readonly isAgain: boolean; readonly mayStart: boolean }) => Promise<Target>;

export interface WireRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface WireAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  /** The messages of the answer: the events of a stream, or the whole body as one. Can be read once. */
  events(onRetryMs?: (delayMs: number) => void): AsyncIterable<StreamEvent>;
  /** The body as text, cut after 1 MiB. */
  text(): Promise<string>;
  /** Lets go of a body nobody will read. */
  discard(): Promise<void>;
}

export interface Wire {
  /** Rejects with a Fault: `upstream.unavailable` when nothing was sent, else `upstream.closed`. */
  send(request: WireRequest): Promise<WireAnswer>;
  close(): Promise<void>;
}

export interface WireDeps {
  readonly findTarget: FindTarget;
  /** After a 401: the target with another credential; undefined where there is none. Throws a Fault. */
  readonly signIn?: ((target: Target, challenge: string | undefined) => Promise<Target | undefined>) | undefined;
  /** Proxy addresses for remote gateways, as in HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
  readonly proxies: { readonly httpProxy?: string; readonly httpsProxy?: string; readonly noProxy?: string };
}

const TEXT_BYTES_MAX = 1 << 20;
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

export function createWire(deps: WireDeps): Wire {
  const dispatcher = openDispatcher(deps.proxies);
  const send = async (request: WireRequest): Promise<WireAnswer> => {
    const mayStart = request.method === 'POST';
    const target = await deps.findTarget({ isAgain: false, mayStart });
    try {
      const answer = await sendTo(await dispatcher, target, request);
      return answer.status === 401 ? await sendAgain(await dispatcher, { target, answer, request }) : answer;
    } catch (error) {
      if (request.signal.aborted || !wasNeverSent(error)) throw wireFault(error, request);
      const found = await deps.findTarget({ isAgain: true, mayStart });
      return await sendTo(await dispatcher, found, request).catch((second: unknown) => {
        throw wireFault(second, request);
      });
    }
  };
  /** A refusal for want of a token means that nothing was done. */
  const sendAgain = async (through: Dispatcher, { target, answer, request }: { readonly target: Target; readonly answer: WireAnswer; readonly request: WireRequest }): Promise<WireAnswer> => {
    const renewed = await deps.signIn?.(target, answer.header('www-authenticate'));
    if (renewed === undefined) return answer;
    await answer.discard();
    return await sendTo(through, renewed, request);
  };
  return { send, close: async () => await (await dispatcher).destroy() };
}

/** No time limits here: a tool may run for hours, and the gateway has the deadlines. A dead peer is noticed by TCP keep-alive. */
async function openDispatcher(proxies: WireDeps['proxies']): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import('undici');
  const options = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 } };
  if (proxies.httpProxy === undefined && proxies.httpsProxy === undefined) return new Agent(options);
  return new EnvHttpProxyAgent({ ...options, ...proxies, noProxy: [proxies.noProxy, 'localhost,127.0.0.1,::1'].filter(Boolean).join(',') });
}

async function sendTo(dispatcher: Dispatcher, target: Target, request: WireRequest): Promise<WireAnswer> {
  const url = new URL(target.url);
  const answer = await dispatcher.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: request.method,
    headers: { ...target.headers, ...request.headers },
    body: request.body ?? null,
    signal: request.signal,
  });
  return toWireAnswer(answer);
}

function toWireAnswer(answer: Dispatcher.ResponseData): WireAnswer {
  const header = (name: string): string | undefined => {
    const value = answer.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const isStream = header('content-type')?.startsWith('text/event-stream') === true;
  return {
    status: answer.statusCode,
    header,
    events: (onRetryMs = () => undefined) => (isStream ? readEventStream(answer.body, onRetryMs) : wholeBody(answer.body)),
    text: async () => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      for await (const piece of answer.body as AsyncIterable<Buffer>) {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > TEXT_BYTES_MAX) break;
      }
      return Buffer.concat(pieces).toString('utf8');
    },
    discard: async () => await answer.body.dump(),
  };
}

async function* wholeBody(body: Dispatcher.ResponseData['body']): AsyncGenerator<StreamEvent> {
  const data = await body.text();
  if (data.trim() !== '') yield { data, id: undefined };
}

function wasNeverSent(error: unknown): boolean {
  const causes = error instanceof AggregateError ? error.errors : [error];
  return causes.some((cause) => typeof cause === 'object' && cause !== null && 'code' in cause && NEVER_SENT.has(String(cause.code)));
}

function wireFault(error: unknown, request: WireRequest): Fault {
  if (error instanceof Fault) return error;
  if (request.signal.reason instanceof Fault) return request.signal.reason;
  const detail = error instanceof Error ? error.message : String(error);
  if (wasNeverSent(error))
    return new Fault('upstream.unavailable', { message: `The gateway cannot be reached (${detail}). Start it with: metamcp serve`, detail, cause: error });
  return new Fault('upstream.closed', { message: 'The connection to the gateway ended before it answered.', detail, cause: error });
}
