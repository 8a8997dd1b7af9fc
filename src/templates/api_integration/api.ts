/** Requests to an API. With a base address every path is resolved below it and nothing leads elsewhere. */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { objectSchema, type Tool, ToolRefusal } from '../../serving/tool.ts';
import type { CreateTools, WebRequest } from '../template-tools.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export const createTools: CreateTools = ({ web, parameters }) => {
  const base = typeof parameters['base_url'] === 'string' ? parameters['base_url'] : undefined;
  const authorization = parameters['authorization'];
  const makeRequest: Tool = {
    name: 'make_request',
    title: 'Make a request',
    description: base === undefined ? 'Sends an HTTP request to a public address.' : `Sends an HTTP request below ${base}.`,
    inputSchema: objectSchema(
      {
        url: { type: 'string', maxLength: 8_000, description: base === undefined ? 'Absolute address' : 'Path below the base address, or the whole address' },
        method: { enum: [...METHODS], default: 'GET' },
        headers: { type: 'object', additionalProperties: { type: 'string' }, default: {} },
        query: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] }, default: {} },
        body: { description: 'Sent as JSON where it is no text' },
      },
      ['url'],
    ),
    outputSchema: objectSchema({ status: { type: 'integer' }, headers: { type: 'object' }, body: {} }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    run: async (given) => {
      const url = addressOf(String(given['url']), base);
      for (const [name, value] of Object.entries(isObject(given['query']) ? given['query'] : {})) url.searchParams.append(name, String(value));
      const headers = { ...headersOf(given), ...(base !== undefined && typeof authorization === 'string' ? { authorization } : {}) };
      const answer = await web(url.href, { method: METHODS.find((method) => method === given['method']) ?? 'GET', ...bodyOf(given['body'], headers) });
      return { status: answer.status, headers: answer.headers, body: parsed(answer.text, answer.headers['content-type']) };
    },
  };
  return [makeRequest];
};

function addressOf(asked: string, base: string | undefined): URL {
  if (base === undefined) {
    const url = URL.parse(asked);
    if (url === null) throw new ToolRefusal('url must be an absolute http or https address');
    return url;
  }
  const root = new URL(base.endsWith('/') ? base : `${base}/`);
  const url = URL.parse(asked.startsWith('/') ? asked.replace(/^\/+/, '') : asked, root.href);
  if (url === null || url.origin !== root.origin || !url.pathname.startsWith(root.pathname) || /%2e|%2f|%5c/i.test(url.pathname)) throw new ToolRefusal(`url must lie below ${base}`);
  return url;
}

function headersOf(given: JsonObject): Record<string, string> {
  const { headers } = given;
  return Object.fromEntries(Object.entries(isObject(headers) ? headers : {}).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function bodyOf(body: JsonValue | undefined, headers: Record<string, string>): Pick<WebRequest, 'body' | 'headers'> {
  if (body === undefined) return { headers };
  if (typeof body === 'string') return { body, headers };
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}

function parsed(text: string, type: string | undefined): JsonValue {
  if (type === undefined || !/\bjson\b/.test(type)) return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // It says JSON and is none: the caller sees what came.
    return text;
  }
}
