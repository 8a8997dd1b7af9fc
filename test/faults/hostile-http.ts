/** An MCP server over HTTP of either family, as a script: it shakes hands as it should, and its tools do what the test says. */
import type { ServerResponse } from 'node:http';
import { json, type Script } from '../support/scripted-server.ts';

export type Family = 'legacy' | 'modern';

export interface Message {
  readonly id?: string | number;
  readonly method: string;
  readonly params?: { readonly name?: string; readonly arguments?: unknown };
}

export type Misdeed = (message: Message, response: ServerResponse) => void;
/** True where it took care of the message. */
export type Instead = (message: Message, response: ServerResponse, answer: (result: object) => void) => boolean;

/** `echo` answers with its arguments; each name of `tools` is a tool that answers, or does not, by its misdeed. */
export function hostileHttp(family: Family, tools: Readonly<Record<string, Misdeed>>, instead: Instead = () => false): Script {
  const list = ['echo', ...Object.keys(tools)].map((name) => ({ name, inputSchema: { type: 'object' } }));
  const capabilities = { tools: {}, resources: {} };
  const serverInfo = { name: 'hostile', version: '1' };
  const results: Readonly<Record<string, object>> = {
    ...(family === 'legacy' ? { initialize: { protocolVersion: '2025-11-25', capabilities, serverInfo } } : { 'server/discover': { supportedVersions: ['2026-07-28'], capabilities, _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } } }),
    'tools/list': { tools: list },
    'resources/list': { resources: [{ uri: 'file:///a', name: 'a' }] },
    'resources/templates/list': { resourceTemplates: [] },
    ping: {},
  };
  const complete = family === 'modern' ? { resultType: 'complete' } : {};
  return ({ method, body }, response) => {
    if (method === 'DELETE') return void response.writeHead(200).end();
    if (method !== 'POST') return void response.writeHead(405).end();
    const message = JSON.parse(body) as Message;
    const answer = (result: object): void => json(response, { jsonrpc: '2.0', id: message.id, result: { ...complete, ...result } });
    if (message.id === undefined) return void response.writeHead(202).end();
    if (instead(message, response, answer)) return;
    const misdeed = message.method === 'tools/call' ? tools[message.params?.name ?? ''] : undefined;
    if (misdeed !== undefined) return misdeed(message, response);
    if (message.method === 'tools/call') return answer({ content: [{ type: 'text', text: JSON.stringify(message.params?.arguments ?? {}) }] });
    const known = results[message.method];
    if (known !== undefined) answer(known);
    else json(response, { jsonrpc: '2.0', id: message.id, error: { code: -32_601, message: 'Method not found' } }, family === 'modern' ? 404 : 200);
  };
}
