import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { createUiPages } from './ui-pages.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const SCRIPT = 'export const answer = 42;\n'.repeat(100);

async function buildFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'metamcp-pages-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>pages</title>');
  await writeFile(join(folder, 'routes.json'), '["","servers"]');
  await writeFile(join(folder, 'assets', 'index-1a2b.js'), SCRIPT);
  await writeFile(join(folder, 'assets', 'index-1a2b.js.br'), brotliCompressSync(SCRIPT));
  await writeFile(join(folder, '.built-from'), 'digest');
  return folder;
}

/** Serves `folder`; what the pages leave is answered with 418. */
async function serve(folder: string) {
  const pages = createUiPages(folder);
  const server = createServer((http, response) => void pages.serve(http, response).then((isServed) => isServed || response.writeHead(418).end())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const body = Buffer.concat(await answer.toArray());
    return { status: answer.statusCode, headers: answer.headers, body };
  };
}

test('[AD-03] every address of a page gets the document, under a policy without inline script or style, and nothing else does', async () => {
  const ask = await serve(await buildFolder());
  for (const path of ['/', '/servers', '/servers/files?tab=log']) {
    const page = await ask(path);
    expect([path, page.status, page.body.toString()]).toEqual([path, 200, '<!doctype html><title>pages</title>']);
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin' });
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
  }
  for (const path of ['/other', '/routes.json', '/.built-from', '/assets/../routes.json', '/assets/%2e%2e/routes.json', '/assets/none.js', '/metamcp/dev/mcp', '/api/v1/servers', '/oauth/authorize', '/health', '/ready', '/metrics', '/.well-known/x']) {
    expect([path, (await ask(path)).status]).toEqual([path, 418]);
  }
  expect((await ask('/servers', {}, 'POST')).status).toBe(418);
});

test('a file named by its digest is kept by browsers for good, compressed where they take that, and not sent twice', async () => {
  const ask = await serve(await buildFolder());
  const plain = await ask('/assets/index-1a2b.js');
  expect([plain.status, plain.body.toString(), plain.headers['cache-control'], plain.headers['content-encoding']]).toEqual([200, SCRIPT, 'public, max-age=31536000, immutable', undefined]);
  const small = await ask('/assets/index-1a2b.js', { 'accept-encoding': 'gzip, deflate, br' });
  expect([small.headers['content-encoding'], brotliDecompressSync(small.body).toString()]).toEqual(['br', SCRIPT]);
  expect((await ask('/assets/index-1a2b.js', { 'accept-encoding': 'br;q=0' })).headers['content-encoding']).toBeUndefined();
  const again = await ask('/assets/index-1a2b.js', { 'if-none-match': plain.headers.etag ?? '' });
  expect([again.status, again.body.length]).toEqual([304, 0]);
  const head = await ask('/assets/index-1a2b.js', {}, 'HEAD');
  expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, String(SCRIPT.length), 0]);
});

test('without a build a person is told how to make one, and a program gets the usual refusal', async () => {
  const ask = await serve(join(tmpdir(), 'metamcp-pages-none'));
  const page = await ask('/servers', { accept: 'text/html' });
  expect([page.status, page.body.toString().includes('npm run build')]).toEqual([200, true]);
  expect((await ask('/servers', { accept: 'application/json' })).status).toBe(418);
});
