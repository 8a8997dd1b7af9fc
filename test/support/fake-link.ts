/** A link in memory and the scripted server at its other end. */
import { Fault } from '../../src/base/fault.ts';
import type { ServerSpec } from '../../src/model/server.ts';
import { readEnvelope } from '../../src/protocol/envelope.ts';
import { isObject, type JsonObject, type RequestId } from '../../src/protocol/messages.ts';
import type { Link, LinkEvents, OpenLink, Outgoing } from '../../src/upstream/link.ts';

export interface Sent {
  readonly id: RequestId | undefined;
  readonly method: string;
  readonly params: JsonObject;
  /** The whole message. */
  readonly message: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the server does with a message; it answers through `link`. */
export type Script = (sent: Sent, link: FakeLink) => void;

export class FakeLink implements Link {
  readonly kind: Link['kind'];
  readonly pid = 4711;
  readonly sent: Sent[] = [];
  readonly aborted: number[] = [];
  deletedWith: Readonly<Record<string, string>> | undefined;
  listenHeaders: Readonly<Record<string, string>>[] = [];
  isClosed = false;
  readonly #events: LinkEvents;
  readonly #script: Script;

  constructor(kind: Link['kind'], events: LinkEvents, script: Script) {
    this.kind = kind;
    this.#events = events;
    this.#script = script;
  }

  send(message: Outgoing): void {
    if (this.isClosed) throw new Fault('upstream.closed', { effect: 'not_executed' });
    const parsed = JSON.parse(message.text) as JsonObject;
    const params = isObject(parsed['params']) ? parsed['params'] : {};
    const sent = { id: parsed['id'] as RequestId | undefined, method: String(parsed['method'] ?? ''), params, message: parsed, headers: message.headers ?? {} };
    this.sent.push(sent);
    queueMicrotask(() => this.#script(sent, this));
  }

  abort(id: number): void {
    this.aborted.push(id);
  }

  listen(headers: Readonly<Record<string, string>>): void {
    this.listenHeaders.push(headers);
  }

  async close(end: { readonly deleteHeaders?: Readonly<Record<string, string>> } = {}): Promise<void> {
    this.deletedWith = end.deleteHeaders;
    this.crash('closed');
  }

  stderrTail(): string {
    return 'last words';
  }

  // The server's side.

  say(message: JsonObject, carrier?: number): void {
    if (!this.isClosed) this.#events.message(readEnvelope(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }))), carrier);
  }

  answer(id: RequestId | undefined, result: JsonObject): void {
    if (id !== undefined) this.say({ id, result }, this.kind === 'http' ? Number(id) : undefined);
  }

  refuse(id: RequestId | undefined, code: number): void {
    if (id !== undefined) this.say({ id, error: { code, message: `refused ${code}` } }, this.kind === 'http' ? Number(id) : undefined);
  }

  fail(id: RequestId | undefined, fault: Fault, status?: number): void {
    this.#events.failed(Number(id), fault, status);
  }

  openSession(id: RequestId | undefined, session: string): void {
    this.#events.answered?.(Number(id), { 'mcp-session-id': session });
  }

  crash(detail: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#events.closed(new Fault('upstream.closed', { detail }));
  }
}

/** Opens links to that server and keeps them. */
export function fakeServer(kind: Link['kind'], script: Script): { readonly links: FakeLink[]; readonly open: OpenLink } {
  const links: FakeLink[] = [];
  return {
    links,
    open: async (events) => {
      const link = new FakeLink(kind, events, script);
      links.push(link);
      return link;
    },
  };
}

export const INITIALIZE_RESULT: JsonObject = { protocolVersion: '2025-11-25', capabilities: { tools: { listChanged: true }, logging: {} }, serverInfo: { name: 'fake', version: '1' } };
export const DISCOVER_RESULT: JsonObject = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: { listChanged: true }, resources: { subscribe: true } }, _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'fake', version: '1' } } };

/** A legacy server; what it does not know goes to `otherwise`. */
export function legacyScript(otherwise: Script = () => undefined, tools: () => readonly JsonObject[] = () => [tool('echo')]): Script {
  return (sent, link) => {
    if (sent.method === 'server/discover') link.refuse(sent.id, -32601);
    else if (sent.method === 'initialize') link.answer(sent.id, INITIALIZE_RESULT);
    else if (sent.method === 'tools/list') link.answer(sent.id, { tools: tools() });
    else otherwise(sent, link);
  };
}

export function modernScript(otherwise: Script = () => undefined): Script {
  return (sent, link) => {
    if (sent.method === 'server/discover') link.answer(sent.id, DISCOVER_RESULT);
    else if (sent.method === 'tools/list') link.answer(sent.id, { resultType: 'complete', tools: [tool('echo')] });
    else if (sent.method === 'resources/list') link.answer(sent.id, { resultType: 'complete', resources: [] });
    else if (sent.method === 'resources/templates/list' || sent.method === 'initialize') link.refuse(sent.id, -32601);
    else otherwise(sent, link);
  };
}

export function tool(name: string, changes: JsonObject = {}): JsonObject {
  return { name, inputSchema: { type: 'object' }, ...changes };
}

export function fakeSpec(name: string, changes: Partial<ServerSpec> = {}): ServerSpec {
  return {
    name, type: 'stdio', fingerprint: name, command: 'fake', args: [], env: {}, cwd: undefined, inheritEnv: [], url: '', headers: {}, revision: 'auto', isolation: 'auto',
    idleConnections: 0, startTimeoutMs: 20_000, callTimeoutMs: 60_000, idleTimeoutMs: 300_000, resultBytesMax: 1_000_000, isRequired: false, description: '', ...changes,
  };
}
