/** What the echo upstream answers, in both families, as text: it must cost as little as a server can. */
import { isObject, type JsonObject } from '../src/protocol/messages.ts';

const META = 'io.modelcontextprotocol/';
const SERVER_INFO = { name: 'bench-echo', version: '1.0.0' };
const CAPABILITIES = { tools: {} };

/** Answers one message; undefined for what needs no answer. */
export type Answer = (message: JsonObject) => string | undefined;

/** A server with `echo` and so many further tools that `tools/list` has `toolCount` of them. */
export function createEchoAnswers(toolCount: number): Answer {
  const tools = JSON.stringify(Array.from({ length: toolCount }, (_, index) => toolAt(index)));
  return (message) => {
    const { id, method, params } = message;
    if (id === undefined || typeof method !== 'string') return undefined;
    const given = isObject(params) ? params : {};
    const isModern = isObject(given['_meta']) && given['_meta'][`${META}protocolVersion`] !== undefined;
    const result = resultOf(method, given, { isModern, tools });
    const outcome = result === undefined ? `"error":{"code":-32601,"message":"Method not found"}` : `"result":${result}`;
    return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},${outcome}}`;
  };
}

function resultOf(method: string, params: JsonObject, { isModern, tools }: { readonly isModern: boolean; readonly tools: string }): string | undefined {
  const extra = isModern ? `,"resultType":"complete","_meta":{"${META}serverInfo":{"name":"bench-echo","version":"1.0.0"}}` : '';
  const cache = isModern ? ',"ttlMs":60000,"cacheScope":"public"' : '';
  switch (method) {
    case 'tools/call': {
      const given = isObject(params['arguments']) ? params['arguments'] : {};
      return `{"content":[{"type":"text","text":${JSON.stringify(String(given['message']))}}]${extra}}`;
    }
    case 'tools/list':
      return `{"tools":${tools}${extra}${cache}}`;
    case 'server/discover':
      return `{"supportedVersions":["2026-07-28"],"capabilities":${JSON.stringify(CAPABILITIES)}${extra}${cache}}`;
    case 'initialize':
      return JSON.stringify({ protocolVersion: params['protocolVersion'], capabilities: CAPABILITIES, serverInfo: SERVER_INFO });
    case 'ping':
      return '{}';
    default:
      return undefined;
  }
}

function toolAt(index: number): JsonObject {
  const name = index === 0 ? 'echo' : `tool_${String(index).padStart(4, '0')}`;
  const properties = { message: { type: 'string', description: 'What to say back' }, count: { type: 'integer', minimum: 1, maximum: 100 } };
  return { name, description: `Says back the message it was given (${name}).`, inputSchema: { type: 'object', properties, required: ['message'] } };
}
