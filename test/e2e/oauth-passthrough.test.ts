import { expect, test } from 'vitest';
import { OAuthClient } from '../support/oauth-client.ts';
import { json, startScriptedServer } from '../support/scripted-server.ts';
import { startOAuthGateway } from '../support/start-oauth-gateway.ts';

/** A server of 2025-11-25 with one tool. */
const RESULTS: Readonly<Record<string, object>> = {
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'echo', version: '1' } },
  'tools/list': { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] },
  'tools/call': { content: [{ type: 'text', text: 'done' }] },
};

test('[AZ-07] what a client shows us never reaches a server', async () => {
  const upstream = await startScriptedServer(({ method, body }, response) => {
    if (method !== 'POST') return void response.writeHead(405).end();
    const { id, method: asked } = JSON.parse(body) as { id?: number; method: string };
    if (id === undefined) return void response.writeHead(202).end();
    const result = RESULTS[asked];
    json(response, { jsonrpc: '2.0', id, ...(result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }) });
  });
  const gateway = await startOAuthGateway({ server: { type: 'http', url: `${upstream.url}/mcp` } });
  try {
    const client = new OAuthClient(gateway.url);
    const resource = gateway.mcp('desk');
    const { access_token: token } = await client.tokens((await client.register()).client_id, { resource });
    const shown = { authorization: `Bearer ${token}`, cookie: 'canary-cookie=1', 'proxy-authorization': 'Basic canary-proxy', 'x-canary': 'canary-header' };
    const opened = await client.initialize(resource, shown);
    const call = (method: string, params: object): Promise<Response> =>
      fetch(resource, {
        method: 'POST',
        body: JSON.stringify({ jsonrpc: '2.0', id: 2, method, params }),
        headers: {
          ...shown,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2025-11-25',
          'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
        },
      });
    const { result } = (await (await call('tools/list', {})).json()) as { result: { tools: { name: string }[] } };
    const answer = await (await call('tools/call', { name: result.tools[0]?.name, arguments: {} })).text();
    expect(answer).toContain('done');
    expect(upstream.requests.some(({ body }) => body.includes('tools/call'))).toBe(true);
    const seen = JSON.stringify(upstream.requests.map(({ url, headers, body }) => ({ url, headers, body })));
    for (const canary of [token, 'canary-cookie', 'canary-proxy', 'canary-header', '"authorization"', '"cookie"']) expect(seen).not.toContain(canary);
  } finally {
    await gateway.close();
  }
});
