/**
 * A small MCP client over the bridge: `tools`, `call`, `read`, `prompt` and `smoke` take the same road as a stdio
 * client does, and see results as they are on the wire, unknown fields included.
 */
import { Fault } from '../base/fault.ts';
import { LEGACY_REVISION_LATEST, MODERN_REVISION } from '../protocol/messages.ts';
import { META, META_SERVERS } from '../protocol/meta.ts';
import type { Invocation } from './command.ts';
import { endpointFlagsOf } from './endpoint-flags.ts';
import type { CliHost } from './host.ts';
import { plain } from './print.ts';
import { Refusal } from './refusal.ts';
import { Bridge } from './stdio/bridge.ts';
import { createEndpointTarget } from './stdio/endpoint-target.ts';
import { isRecord } from './stdio/message.ts';
import { proxiesOf } from './stdio/run-stdio.ts';
import { createWire, type Wire } from './stdio/wire.ts';

export type Result = Readonly<Record<string, unknown>>;

/** A JSON-RPC error, as it came. */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure';
  readonly code: number;
  readonly data: unknown;

  constructor(error: Readonly<Record<string, unknown>>) {
    super(String(error['message']));
    this.code = Number(error['code']);
    this.data = error['data'];
  }
}

export interface McpClient {
  readonly revision: string;
  /** The address that is dialled. */
  readonly url: string;
  /** Throws an RpcFailure for an error answer. */
  request(method: string, params?: Readonly<Record<string, unknown>>): Promise<Result>;
  /** All pages of a list; `key` is the member that holds the items. */
  list(method: string, key: string): Promise<readonly Result[]>;
}

const PAGES_MAX = 1000;

/** Connects to the endpoint that the invocation names, runs `use`, and closes. Never starts a gateway. */
export async function withMcpClient<T>(invocation: Invocation, use: (client: McpClient) => Promise<T>): Promise<T> {
  const { host } = invocation;
  const target = createEndpointTarget(endpointFlagsOf(invocation), host, { mayStart: false, log: () => undefined });
  const { url } = await target.find({ isAgain: false, mayStart: false }).catch((error: unknown) => {
    throw error instanceof Fault && error.cause instanceof Refusal ? error.cause : error;
  });
  const wire = createWire({ findTarget: target.find, signIn: target.signIn, proxies: proxiesOf(host) });
  const session = openSession(wire, url, host);
  try {
    return await use(await negotiate(session));
  } catch (error) {
    throw error instanceof RpcFailure ? toRefusal(error, url) : error;
  } finally {
    await session.bridge.close(1500);
    await wire.close();
  }
}

interface Session {
  /** Of this program, for `clientInfo`. */
  readonly version: string;
  readonly url: string;
  readonly bridge: Bridge;
  /** For people. */
  warn(text: string): void;
  ask(method: string, params: Readonly<Record<string, unknown>>): Promise<Result>;
}

function openSession(wire: Wire, url: string, host: CliHost): Session {
  const waiting = new Map<unknown, PromiseWithResolvers<Result>>();
  let nextId = 1;
  const write = (line: string): Promise<void> => {
    const message: unknown = JSON.parse(line);
    if (isRecord(message) && typeof message['method'] === 'string') return answerServer(message);
    if (!isRecord(message)) return Promise.resolve();
    const waiter = waiting.get(message['id']);
    waiting.delete(message['id']);
    if (isRecord(message['error'])) waiter?.reject(new RpcFailure(message['error']));
    else waiter?.resolve(isRecord(message['result']) ? message['result'] : {});
    return Promise.resolve();
  };
  /** Progress and log messages go to people; a request of the server cannot be met here. */
  const answerServer = (message: Readonly<Record<string, unknown>>): Promise<void> => {
    if (message['id'] !== undefined) {
      return bridge.receive(JSON.stringify({ jsonrpc: '2.0', id: message['id'], error: { code: -32601, message: 'The command line does not offer this.' } }));
    }
    const params = isRecord(message['params']) ? message['params'] : {};
    const said = params['message'] ?? params['data'];
    if (said !== undefined) host.stderr.write(`${plain(typeof said === 'string' ? said : JSON.stringify(said))}\n`);
    return Promise.resolve();
  };
  const bridge = new Bridge({ wire, clock: host.clock, outlet: { write, log: (text) => void host.stderr.write(`${text}\n`) } });
  return {
    version: host.version,
    url,
    warn: (text) => void host.stderr.write(`${text}\n`),
    bridge,
    async ask(method, params) {
      const id = nextId++;
      const waiter = Promise.withResolvers<Result>();
      waiting.set(id, waiter);
      await bridge.receive(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      return await waiter.promise;
    },
  };
}

/** Modern first; any error but a modern one means that the server wants `initialize` (2026-07-28, "Versioning"). */
async function negotiate(session: Session): Promise<McpClient> {
  const clientInfo = { name: 'metamcp-cli', version: session.version };
  const meta = { [META.protocolVersion]: MODERN_REVISION, [META.clientCapabilities]: {}, [META.clientInfo]: clientInfo };
  try {
    await session.ask('server/discover', { _meta: meta });
    return toClient(MODERN_REVISION, session, (method, params) => session.ask(method, { ...params, _meta: meta }));
  } catch (error) {
    if (!(error instanceof RpcFailure) || isFinal(error)) throw error;
  }
  const { protocolVersion } = await session.ask('initialize', { protocolVersion: LEGACY_REVISION_LATEST, capabilities: {}, clientInfo });
  await session.bridge.receive(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
  return toClient(String(protocolVersion), session, (method, params) => session.ask(method, params));
}

/** Errors that `initialize` would meet as well: nobody answers, or the key is refused. */
function isFinal(error: RpcFailure): boolean {
  const reason = reasonOf(error);
  return reason.startsWith('auth.') || reason === 'upstream.unavailable' || reason === 'upstream.closed';
}

function reasonOf(error: RpcFailure): string {
  const reason = isRecord(error.data) ? error.data['reason'] : undefined;
  return typeof reason === 'string' ? reason : '';
}

/** What a list says of servers whose part is missing or stale. */
function gapsOf(result: Result): readonly string[] {
  const meta = isRecord(result['_meta']) ? result['_meta'][META_SERVERS] : undefined;
  const servers: readonly unknown[] = Array.isArray(meta) ? meta : [];
  return servers
    .filter(isRecord)
    .map((gap) => plain(`warning: the list lacks or repeats an older part of ${String(gap['server'])}, which is ${String(gap['state'])}; see: metamcp doctor`));
}

function toClient(revision: string, session: Session, ask: Session['ask']): McpClient {
  const { url, warn } = session;
  return {
    revision,
    url,
    request: (method, params = {}) => ask(method, params),
    async list(method, key) {
      const items: Result[] = [];
      let cursor: unknown;
      for (let page = 0; page < PAGES_MAX; page++) {
        const result = await ask(method, cursor === undefined ? {} : { cursor });
        if (Array.isArray(result[key])) items.push(...result[key].filter(isRecord));
        if (page === 0) for (const gap of gapsOf(result)) warn(gap);
        cursor = result['nextCursor'];
        if (typeof cursor !== 'string') break;
      }
      return items;
    },
  };
}

function toRefusal(error: RpcFailure, url: string): Refusal {
  const reason = reasonOf(error);
  return new Refusal(`${error.message} (JSON-RPC ${error.code}${reason === '' ? '' : `, ${reason}`}, at ${url})`, adviceFor(error, reason), error);
}

function adviceFor(error: RpcFailure, reason: string): string {
  if (reason.startsWith('auth.')) return 'Give a key that opens this endpoint with --key or METAMCP_KEY; make one with: metamcp keys create NAME';
  if (reason === 'request.not_found') return 'Check --endpoint and --url.';
  if (reason.startsWith('limit.')) return 'Wait a moment and try again.';
  if (error.code === -32602) return 'See the names and arguments there are with: metamcp tools';
  if (error.code === -32601) return 'The endpoint does not offer this; see: metamcp tools';
  return 'See what is wrong with: metamcp doctor';
}
