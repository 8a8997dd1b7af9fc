/** What others say of themselves relaxes nothing: servers of their tools, gateways of the way that a request came. */
import { afterEach, expect, test } from 'vitest';
import { HOPS_HEADER } from '../../src/upstream/dialer/hops.ts';
import { modernScript, type Script, tool } from '../support/fake-link.ts';
import { modernRequest, post, type RawAnswer } from '../support/http-peer.ts';
import { type Plane, type PlaneOptions, startPlane } from '../support/start-plane.ts';

const planes: Plane[] = [];
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.stop();
});

const HARMLESS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true };
const TOOLS = ['look', 'wipe'].map((name) => tool(name, { inputSchema: { type: 'object' }, annotations: HARMLESS }));
const does: Script = (sent, link) => link.answer(sent.id, { resultType: 'complete', content: [] });
const files: Script = (sent, link) => (sent.method === 'tools/list' ? link.answer(sent.id, { resultType: 'complete', tools: TOOLS }) : modernScript(does)(sent, link));

async function start(options: Partial<PlaneOptions> = {}): Promise<Plane> {
  const plane = await startPlane({ servers: { files }, ...options });
  planes.push(plane);
  return plane;
}

function call({ url }: Plane, name: string): Promise<RawAnswer> {
  return modernRequest({ url }, 'tools/call', { name, arguments: {} });
}

test('[TL-08] a tool that calls itself harmless is as destructive as the operator says, and as any unknown tool', async () => {
  const policies = { careful: { rules: [{ effect: 'deny', what: { risks: ['destructive'] } }] } };
  const plane = await start({ policies, namespace: { policies: ['careful'], risks: { files__look: 'read-only' } } });
  expect((await call(plane, 'files__look')).message.result).toBeDefined();
  expect((await call(plane, 'files__wipe')).message.error?.code).toBe(-32602);
  expect(plane.links('files').flatMap(({ sent }) => sent.filter(({ method }) => method === 'tools/call')).map(({ params }) => params['name'])).toEqual(['look']);
});

test('[RL-19] a request that passed four gateways is refused at the fifth, and one that passed some says so to the next', async () => {
  const plane = await start();
  const { url } = plane;
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'files__look' };
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' } };
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'files__look', arguments: {}, _meta: meta } };
  const passed = (hops: string): Promise<RawAnswer> => post({ url }, body, { ...headers, [HOPS_HEADER]: hops });
  expect((await passed('4')).message.result).toBeDefined();
  for (const hops of ['5', '99', 'none', '-1']) expect((await passed(hops)).status).toBe(400);
  const told = plane.links('files').flatMap(({ sent }) => sent.filter(({ method }) => method === 'tools/call')).map((sent) => sent.headers[HOPS_HEADER]);
  expect(told).toEqual(['5']);
});
