/** One request, to be made elsewhere: as a command line, in TypeScript, in Python. */
import { type Era, INSPECTOR, type JsonObject, META, modernHeaders, REVISIONS } from '../../mcp/protocol.ts';

export interface Shown {
  readonly era: Era;
  readonly url: string;
  readonly method: 'tools/call' | 'resources/read' | 'prompts/get';
  readonly params: JsonObject;
  readonly inputSchema?: unknown;
}

/** Never the token itself: what is copied is pasted into places that keep it. */
const KEY = 'METAMCP_KEY';

export function toCurl(request: Shown): string {
  return request.era === 'modern' ? modernCurl(request) : legacyCurl(request);
}

function modernCurl({ url, method, params, inputSchema }: Shown): string {
  const meta = { [META.protocolVersion]: REVISIONS.modern, [META.clientInfo]: { ...INSPECTOR, name: 'curl' }, [META.clientCapabilities]: {} };
  return curl(url, { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }, Object.entries(modernHeaders(method, params, inputSchema)).map(([name, value]) => quote(`${name}: ${value}`)));
}

function legacyCurl({ url, method, params }: Shown): string {
  const hello = { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: REVISIONS.legacy, capabilities: {}, clientInfo: { name: 'curl', version: '1' } } };
  const session = ['"mcp-session-id: $SESSION"', quote(`mcp-protocol-version: ${REVISIONS.legacy}`)];
  return [
    `SESSION=$(${curl(url, hello, [], '-sS -D - -o /dev/null')} | tr -d '\\r' | sed -n 's/^mcp-session-id: //Ip')`,
    curl(url, { jsonrpc: '2.0', method: 'notifications/initialized' }, session),
    curl(url, { jsonrpc: '2.0', id: 1, method, params }, session),
  ].join('\n\n');
}

function curl(url: string, body: JsonObject, headers: readonly string[], options = '-sS'): string {
  const all = [`"Authorization: Bearer $${KEY}"`, quote('Content-Type: application/json'), quote('Accept: application/json, text/event-stream'), ...headers];
  return [`curl ${options} ${quote(url)}`, ...all.map((header) => `  -H ${header}`), `  -d ${quote(JSON.stringify(body))}`].join(' \\\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const TYPESCRIPT = { 'tools/call': 'callTool', 'resources/read': 'readResource', 'prompts/get': 'getPrompt' } as const;

export function toTypeScript({ url, method, params }: Shown): string {
  return `import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const client = new Client({ name: 'example', version: '1.0.0' });
await client.connect(
  new StreamableHTTPClientTransport(new URL(${JSON.stringify(url)}), {
    requestInit: { headers: { Authorization: \`Bearer \${process.env.${KEY}}\` } },
  }),
);
const result = await client.${TYPESCRIPT[method]}(${JSON.stringify(params, null, 2)});
console.log(result);
await client.close();
`;
}

export function toPython({ url, method, params }: Shown): string {
  return `import asyncio, json, os
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

async def main():
    headers = {"Authorization": f"Bearer {os.environ['${KEY}']}"}
    async with streamablehttp_client(${JSON.stringify(url)}, headers=headers) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            print(await session.${pythonCall(method, params)})

asyncio.run(main())
`;
}

function pythonCall(method: Shown['method'], params: JsonObject): string {
  if (method === 'resources/read') return `read_resource(${JSON.stringify(params['uri'])})`;
  const call = method === 'tools/call' ? 'call_tool' : 'get_prompt';
  // A text of JSON is a text of Python too.
  return `${call}(${JSON.stringify(params['name'])}, json.loads(${JSON.stringify(JSON.stringify(params['arguments'] ?? {}))}))`;
}
