/** What proves us to a server beside a sign-in in the browser: client credentials over SSE, headers of the client, headers of the principal. */
import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { modernRequest } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { eventStream, json, type ScriptedRequest, startScriptedServer } from '../support/scripted-server.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const started: RunningGateway[] = [];
afterEach(async () => {
  for (const gateway of started.splice(0)) await gateway.stop();
});

async function start(server: object, keys: object = {}): Promise<RunningGateway> {
  const auth = { apiKey: Object.keys(keys).length > 0 };
  const gateway = await startGateway({ config: { servers: { remote: server }, namespaces: { dev: { servers: ['remote'] } }, endpoints: { dev: { namespace: 'dev', auth } }, keys } });
  started.push(gateway);
  return gateway;
}

const RESULTS: Readonly<Record<string, object>> = {
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'remote', version: '1' } },
  'tools/list': { tools: [{ name: 'go', inputSchema: { type: 'object' } }] },
  'tools/call': { content: [{ type: 'text', text: 'went' }] },
};

/** The answer to a message; undefined for a notification. */
function answerTo(body: string): object | undefined {
  const { id, method } = JSON.parse(body) as { id?: number; method: string };
  const result = RESULTS[method];
  if (id === undefined) return undefined;
  return { jsonrpc: '2.0', id, ...(result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }) };
}

test('[OC-01] [OC-05] an SSE server that asks for tokens gets one on its stream and on every message, asked for with its resource', async () => {
  const streams: ServerResponse[] = [];
  const tokenRequests: URLSearchParams[] = [];
  const unproven: string[] = [];
  const remote = await startScriptedServer(({ method, url, headers, body }, response) => {
    const base = new URL(remote.url).origin;
    if (url.startsWith('/.well-known/oauth-protected-resource')) return json(response, { resource: `${base}/sse`, authorization_servers: [base] });
    if (url.startsWith('/.well-known/')) return json(response, { issuer: base, token_endpoint: `${base}/token`, authorization_endpoint: `${base}/authorize`, response_types_supported: ['code'], code_challenge_methods_supported: ['S256'], grant_types_supported: ['client_credentials'] });
    if (url === '/token') {
      tokenRequests.push(new URLSearchParams(body));
      return json(response, { access_token: 'for-sse', token_type: 'Bearer', expires_in: 3600 });
    }
    if (headers.authorization !== 'Bearer for-sse') {
      unproven.push(`${method} ${url}`);
      return void response.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${base}/.well-known/oauth-protected-resource/sse"` }).end();
    }
    if (method === 'GET') {
      eventStream(response);
      streams.push(response);
      return void response.write('event: endpoint\ndata: /messages\n\n');
    }
    response.writeHead(202).end();
    const answer = answerTo(body);
    if (answer !== undefined) streams.at(-1)?.write(`event: message\ndata: ${JSON.stringify(answer)}\n\n`);
  });
  const base = new URL(remote.url).origin;
  const gateway = await start({ type: 'sse', url: `${base}/sse`, auth: { type: 'client-credentials', clientId: 'gateway', clientSecret: 'canary-client-secret', issuer: base } });
  const { message } = await modernRequest({ url: gateway.mcp('dev') }, 'tools/call', { name: 'remote__go', arguments: {} });
  expect(message.result?.['content']).toEqual([{ type: 'text', text: 'went' }]);
  expect(tokenRequests.map((params) => [params.get('grant_type'), params.get('resource')])).toEqual([['client_credentials', `${base}/sse`]]);
  expect(unproven.filter((request) => request.startsWith('POST'))).toEqual([]);
  expect(JSON.stringify([await gateway.log(), gateway.stderr()])).not.toMatch(/canary-client-secret|for-sse/);
});

test('[OC-13] [AZ-07] a server gets the headers that its operator named, of the client and of the principal, and no others', async () => {
  const seen: ScriptedRequest[] = [];
  const remote = await startScriptedServer((request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    if (request.body.includes('tools/call')) seen.push(request);
    const answer = answerTo(request.body);
    if (answer === undefined) response.writeHead(202).end();
    else json(response, answer);
  });
  const [ann, bob] = [randomKey(), randomKey()];
  const gateway = await start({ url: remote.url, forwardHeaders: { 'X-Tenant': 'X-For', Authorization: 'X-Original' }, headers: { 'X-Principal': '${principal:kind}/${principal:name}', 'X-Fixed': 'f' } }, { ann: { value: ann }, bob: { value: bob } });
  const call = async (key: string, headers: Record<string, string>): Promise<void> => {
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' } };
    const answer = await fetch(gateway.mcp('dev'), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'remote__go', ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'remote__go', arguments: {}, _meta: meta } }),
    });
    expect(await answer.text()).toContain('went');
  };
  await call(ann, { 'x-tenant': 'a', 'x-principal': 'key/bob', 'x-secret': 'canary', cookie: 'canary=1' });
  await call(bob, { 'x-tenant': 'b' });
  expect(seen.map(({ headers }) => [headers['x-for'], headers['x-principal'], headers['x-fixed'], headers['x-original']])).toEqual([
    ['a', 'key/ann', 'f', `Bearer ${ann}`],
    ['b', 'key/bob', 'f', `Bearer ${bob}`],
  ]);
  for (const { headers } of seen) expect([headers.authorization, headers.cookie, headers['x-secret'], headers['x-tenant']]).toEqual([undefined, undefined, undefined, undefined]);
});
