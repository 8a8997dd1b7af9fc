/** Exchanges as plain records, for tests of one stage: everything usual, but for what the test names. */
import { type IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { open, seal, sealSame } from '../../src/base/sealed.ts';
import type { Decoded, Identified, Received, Resolved } from '../../src/data-plane/exchange.ts';
import type { Sealer } from '../../src/data-plane/parking.ts';
import type { MessageText, Reply } from '../../src/data-plane/reply.ts';
import type { TaskSealer } from '../../src/data-plane/task-ids.ts';
import type { EndpointSpec } from '../../src/model/endpoint.ts';
import type { NamespaceSpec } from '../../src/model/namespace.ts';
import type { Principal } from '../../src/model/principal.ts';
import type { JsonObject } from '../../src/protocol/messages.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';

/** Keeps what it is given. */
export class KeptReply implements Reply {
  readonly sent: JsonObject[] = [];
  readonly ended: JsonObject[] = [];
  isGone = false;
  onGone: () => void = () => undefined;

  send(message: string): boolean {
    if (this.isGone) return false;
    this.sent.push(JSON.parse(message) as JsonObject);
    return true;
  }

  end(message: MessageText): void {
    this.ended.push(JSON.parse(message.toString()) as JsonObject);
  }

  /** The client goes away. */
  leave(): void {
    this.isGone = true;
    this.onGone();
  }
}

export function plainHttp(headers: IncomingHttpHeaders = {}): IncomingMessage {
  const http = new IncomingMessage(new Socket());
  http.headers = headers;
  return http;
}

export function plainNamespace(changes: Partial<NamespaceSpec> = {}): NamespaceSpec {
  const none = new Map<string, never>();
  return {
    name: 'dev',
    description: '',
    members: [{ server: 'files', as: 'files' }],
    prefix: 'server',
    separator: '__',
    overrides: { tool: none, prompt: none, resource: none, resourceTemplate: none },
    ...changes,
  };
}

export function plainEndpoint(changes: Partial<EndpointSpec> = {}): EndpointSpec {
  return { name: 'dev', namespace: plainNamespace(), auth: { apiKey: true, oauth: false, query: false }, limits: [], ...changes };
}

export function plainSnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return { generation: 1, servers: new Map(), namespaces: new Map(), endpoints: new Map(), keys: new Map(), prices: [], warnings: [], ...changes };
}

export function principalOf(name: string, credential = name): Principal {
  return { kind: 'key', id: `key:${name}`, credentialId: credential, name };
}

export function received(changes: Partial<Received> = {}): Received {
  return {
    correlationId: 'req_1',
    http: plainHttp(),
    door: 'mcp',
    query: '',
    endpoint: plainEndpoint(),
    snapshot: plainSnapshot(),
    startedMs: 0,
    atMs: 0,
    ...changes,
  };
}

export function identified(changes: Partial<Identified> = {}): Identified {
  return { ...received(), principal: principalOf('ann'), ...changes };
}

/** Of a client of 2026-07-28. */
export function decoded(changes: Partial<Decoded> = {}): Decoded {
  return {
    ...identified(),
    client: { revision: '2026-07-28', capabilities: {}, info: undefined, logLevel: undefined, session: undefined },
    id: 1,
    method: 'tools/call',
    params: { name: 'files__read', arguments: {} },
    progressToken: undefined,
    paramHeaders: {},
    reply: new KeptReply(),
    ...changes,
  };
}

export function resolved(changes: Partial<Resolved> = {}): Resolved {
  const target = { server: 'files', as: 'files', own: 'read', entry: undefined };
  return { ...decoded(), target, upstreamParams: { ...(changes.params ?? { arguments: {} }), name: 'read' }, ...changes };
}

const KEY = Buffer.alloc(32, 7);

/** The gateway's own encryption, with a fixed key. */
export const plainSealer: Sealer & TaskSealer = {
  seal: (text, record) => seal(text, { key: KEY, record }),
  sealSame: (text, record) => sealSame(text, { key: KEY, record }),
  open: (sealed, record) => {
    try {
      return open(sealed, { key: KEY, record });
    } catch {
      return undefined;
    }
  },
};
