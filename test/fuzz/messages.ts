/** Messages of clients, bombs and raw HTTP against the data plane, over a real socket. */
import { connect } from 'node:net';
import { Agent, request } from 'undici';
import { openSession } from '../support/http-peer.ts';
import { modernScript, type Script } from '../support/fake-link.ts';
import { type Plane, startPlane } from '../support/start-plane.ts';
import { bomb, damaged, mutateJson, pick, type Random } from './mutate.ts';

const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'fuzz', version: '1' } };
/** Right ones, of which wrong ones are made. */
const CALLS: readonly (readonly [method: string, params: { readonly [key: string]: never } | object, named?: string])[] = [
  ['tools/list', {}],
  ['tools/list', { cursor: 'x' }],
  ['tools/call', { name: 'one__echo', arguments: { a: 1, b: ['x'], c: { d: null } } }, 'one__echo'],
  ['resources/list', {}],
  ['resources/read', { uri: 'file:///x' }, 'file:///x'],
  ['prompts/get', { name: 'one__p', arguments: { a: 'b' } }, 'one__p'],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'one__p' }, argument: { name: 'a', value: 'b' } }],
  ['ping', {}],
  ['server/discover', {}],
  ['tasks/get', { taskId: 'x' }],
  ['logging/setLevel', { level: 'info' }],
];
const REPLIES: readonly object[] = [
  { jsonrpc: '2.0', id: 1, result: {} },
  { jsonrpc: '2.0', id: 'x', error: { code: -32_000, message: 'no', data: {} } },
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1, reason: 'r' } },
  { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } },
  { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'f', version: '1' } } },
];
const TIMEOUT_MS = 10_000;

/** Tries one wrong thing; what is wrong with the answer, or nothing. */
export type Attack = (random: Random) => Promise<string | undefined>;

export interface MessageTarget {
  readonly attacks: Readonly<Record<'modern' | 'legacy' | 'bomb' | 'raw', Attack>>;
  /** Whether it still answers a right request rightly. */
  readonly isWell: () => Promise<boolean>;
  readonly stop: () => Promise<void>;
}

/** Whatever reaches the server is answered: what is fuzzed is the gateway. */
const answerAll: Script = (sent, link) => {
  if (sent.method === 'tools/call') link.answer(sent.id, { resultType: 'complete', content: [{ type: 'text', text: 'x' }] });
  else link.refuse(sent.id, -32_602);
};

export async function startMessageTarget(): Promise<MessageTarget> {
  const plane = await startPlane({ servers: { one: modernScript(answerAll) }, deps: { sessionLimits: { idleMs: 60_000, totalMs: 3_600_000, perCredentialMax: 100_000, max: 100_000 } } });
  const agent = new Agent({ connections: 32, pipelining: 1 });
  let session = await openSession({ url: plane.url, agent });
  const send = (body: string, headers: Record<string, string>): Promise<string | undefined> => sendOne(plane, agent, body, headers);
  const modern: Attack = (random) => {
    const [method, params, named] = pick(random, CALLS);
    const body = mutateJson({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } } as never, random);
    return send(body, { 'mcp-protocol-version': random() < 0.95 ? '2026-07-28' : pick(random, ['', '2026-07-29', '1', 'x'.repeat(50)]), 'mcp-method': random() < 0.95 ? method : 'x', ...(named === undefined || random() < 0.05 ? {} : { 'mcp-name': named }) });
  };
  const legacy: Attack = async (random) => {
    const [method, params] = pick(random, CALLS);
    const message = random() < 0.7 ? { jsonrpc: '2.0', id: 1, method, params } : pick(random, REPLIES);
    const problem = await send(mutateJson(message as never, random), random() < 0.95 ? { ...session.headers } : { 'mcp-session-id': 'x' });
    if (random() < 0.002) {
      await session.end();
      session = await openSession({ url: plane.url, agent });
    }
    return problem;
  };
  return {
    attacks: { modern, legacy, bomb: (random) => send(bomb(random), random() < 0.5 ? { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' } : { ...session.headers }), raw: (random) => raw(plane, random) },
    isWell: async () => (await session.request('ping')).message.result !== undefined,
    stop: async () => {
      await agent.destroy();
      await plane.stop();
    },
  };
}

async function sendOne(plane: Plane, agent: Agent, body: string, headers: Readonly<Record<string, string>>): Promise<string | undefined> {
  const answer = await request(plane.url, { method: 'POST', dispatcher: agent, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers }, body: Buffer.from(body) }).catch((thrown: unknown) => String(thrown));
  if (typeof answer === 'string') return `no answer: ${answer}`;
  const type = String(answer.headers['content-type'] ?? '');
  // A listen stream stays open; that it began is its answer.
  if (type.startsWith('text/event-stream') && body.includes('subscriptions/listen')) {
    answer.body.destroy();
    return undefined;
  }
  const text = await answer.body.text();
  return problemOf(answer.statusCode, type.startsWith('text/event-stream') ? lastData(text) : text);
}

function lastData(stream: string): string {
  return stream.split('\n').filter((line) => line.startsWith('data: {')).at(-1)?.slice('data: '.length) ?? '';
}

/** An answer is nothing at all, or JSON-RPC 2.0 (sections 4.2, 5 and 6). */
function problemOf(status: number, text: string): string | undefined {
  if (status >= 500 && status !== 503) return `${status}: ${text.slice(0, 500)}`;
  if (text === '') return status === 202 || status >= 400 ? undefined : `${status} without a body`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `no JSON: ${text.slice(0, 200)}`;
  }
  const wrong = (Array.isArray(value) ? value : [value]).find((one) => !isMessage(one));
  return wrong === undefined ? undefined : `no message of JSON-RPC: ${JSON.stringify(wrong).slice(0, 300)}`;
}

function isMessage(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { jsonrpc, id, result, error, method } = value as Readonly<Record<string, unknown>>;
  if (jsonrpc !== '2.0' || method !== undefined) return false;
  if (id !== undefined && id !== null && typeof id !== 'string' && !Number.isSafeInteger(id)) return false;
  if ((result === undefined) === (error === undefined)) return false;
  if (error === undefined) return typeof result === 'object' && result !== null && id !== undefined && id !== null;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  // An internal error is a bug that the fuzzer found.
  return Number.isSafeInteger(code) && typeof message === 'string' && code !== -32_603;
}

const METHODS = ['POST', 'GET', 'DELETE', 'PUT', 'OPTIONS', 'HEAD', 'TRACE', 'POST ', 'X\u0000'];
const HEADERS = ['Host: localhost', 'Host: localhost', 'Host: evil', 'Content-Length: 5', 'Content-Length: 5, 5', 'Content-Length: -1', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked, identity', 'Connection: close', 'Content-Type: application/json', 'Content-Type: text/plain', 'Accept: */*', 'Mcp-Session-Id: x', 'Mcp-Protocol-Version: 2026-07-28', 'Origin: null', 'Expect: 100-continue', 'Upgrade: h2c', ' folded: x', 'No colon', 'Bad\u0000: x', `Long: ${'x'.repeat(9_000)}`, 'Last-Event-ID: s1_1', 'Authorization: Bearer x'];

/** Bytes that are hardly HTTP. Any answer is right but one of 5xx; so is none. */
async function raw(plane: Plane, random: Random): Promise<string | undefined> {
  const { hostname, port, pathname } = new URL(plane.url);
  const headers = Array.from({ length: Math.floor(random() * 8) }, () => pick(random, HEADERS));
  const body = pick(random, ['', '5\r\nhello\r\n0\r\n\r\n', '{"jsonrpc":"2.0","id":1,"method":"ping"}', 'x']);
  const text = `${pick(random, METHODS)} ${pick(random, [pathname, '/', '*', 'http://evil/', `${pathname}?${'a=b&'.repeat(50)}`, '/metamcp/%00/mcp', '/metamcp/../mcp'])} ${pick(random, ['HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/1.1 '])}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
  const bytes = random() < 0.5 ? text : damaged(text, random);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    let answer = '';
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
      resolve(status >= 500 && status !== 501 && status !== 503 ? `${JSON.stringify(bytes).slice(0, 500)}: ${answer.slice(0, 300)}` : undefined);
    });
    // What waits for more bytes is waiting rightly.
    socket.setTimeout(1_000, () => socket.destroy());
  });
}
