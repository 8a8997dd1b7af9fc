/** Templates, the registry, servers on demand and workflows, by the pages alone. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Browser, Page } from 'playwright-core';
import { buildPages, CHROMIUM, openBrowser, openPage, signInFirst, type Watched } from '../support/chromium.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const TEMPLATE = {
  template: { name: 'greeter', title: 'Greeter', description: 'Greets people.', version: '1.0.0', capabilities: ['greeting'], file: 'greeter.mjs', stateless: true, egress: 'none', files: 'none', parameters: { word: { type: 'string', description: 'How to greet', default: 'Hello' } } },
  source: `export const createTools = ({ parameters }) => [{ name: 'greet', title: 'Greet', description: 'Greets.', inputSchema: { type: 'object' }, run: () => ({ result: parameters.word }) }];`,
};
const LISTED = { name: 'io.example/weather', title: 'Weather', description: 'Tells the weather', version: '1.2.0', remotes: [{ type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' }] };

let gateway: RunningGateway;
let browser: Browser;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  buildPages();
  [gateway, browser] = await Promise.all([startGateway(), openBrowser()]);
  await writeFile(join(gateway.data, 'catalogue.json'), JSON.stringify({ servers: [LISTED] }));
  watched = await openPage(browser);
  ({ page } = watched);
  await signInFirst(page, gateway.adminLink);
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

function panel() {
  return page.getByRole('dialog');
}

test.skipIf(CHROMIUM === undefined)('a server is made of a template by a form of its parameters, and of an imported one too', async () => {
  await page.goto(`${gateway.url}/catalogue`);
  await page.getByRole('button', { name: 'Time', exact: true }).click();
  await panel().getByText('nothing outside').waitFor();
  await panel().getByLabel('Name', { exact: true }).fill('clock');
  await panel().getByLabel('timezone').fill('Europe/Zurich');
  await panel().getByRole('button', { name: 'Add the server' }).click();
  await page.getByRole('heading', { level: 1, name: /clock/ }).waitFor();
  await page.locator('h1').getByText('ready').waitFor({ timeout: 30_000 });

  await page.goto(`${gateway.url}/catalogue?import=open`);
  await panel().getByLabel('File').setInputFiles({ name: 'greeter.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(TEMPLATE)) });
  await panel().getByRole('button', { name: 'Import a template' }).click();
  await page.getByRole('button', { name: 'Greeter', exact: true }).waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Actions for greeter' }).click();
  await page.getByRole('menuitem', { name: 'Export' }).click();
  expect((await download).suggestedFilename()).toBe('greeter.template.json');
  expect(watched.complaints).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('the catalogue file is searched, an entry is looked at before it is a server, and so is a pasted one', async () => {
  await page.goto(`${gateway.url}/catalogue?tab=registry`);
  await page.getByRole('searchbox').fill('weath');
  await page.getByRole('button', { name: 'Weather' }).click();
  await panel().getByText('io.example/weather', { exact: true }).waitFor();
  await panel().getByLabel('Name', { exact: true }).fill('weather');
  await panel().getByRole('button', { name: 'Add the server' }).click();
  await page.getByRole('heading', { level: 1, name: /weather/ }).waitFor();

  await page.goto(`${gateway.url}/catalogue?tab=registry&resolve=open`);
  await panel().getByLabel('server.json').fill(JSON.stringify({ ...LISTED, name: 'io.example/tides', title: 'Tides' }));
  await panel().getByRole('button', { name: 'Look at it' }).click();
  await panel().getByText('io.example/tides', { exact: true }).waitFor();
  expect(watched.complaints).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a workflow is written, run and seen as a graph with the time of each call', async () => {
  await page.goto(`${gateway.url}/workflows`);
  await page.getByRole('button', { name: 'New workflow' }).first().click();
  await panel().getByRole('img', { name: /Graph of 2 steps/ }).waitFor();
  await panel().getByLabel('Name', { exact: true }).fill('twice');
  await panel().getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Run twice' }).click();
  await panel().getByRole('button', { name: 'Run', exact: true }).click();
  await panel().getByRole('heading', { name: 'Output' }).waitFor({ timeout: 20_000 });
  await panel().getByRole('img', { name: /Graph of 2 steps/ }).waitFor();
  expect(await panel().getByRole('table', { name: 'Calls and when they ran' }).getByRole('row').count()).toBe(3);
  expect(new URL(page.url()).searchParams.get('run')).toMatch(/^run/);

  // What cannot be is refused where it is written.
  await page.goto(`${gateway.url}/workflows?add=open`);
  await panel().getByLabel('Name', { exact: true }).fill('Not A Name');
  await panel().getByRole('button', { name: 'Save' }).click();
  await panel().getByRole('alert').first().waitFor();
  // The browser tells of the refused request by itself.
  expect(watched.complaints.splice(0).filter((complaint) => !complaint.includes('422') && !complaint.includes('400'))).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a server that an agent makes appears at once, its events beside it, and is stopped from the page', async () => {
  const made = await page.evaluate(async () => {
    const send = (method: string, path: string, body: object) => fetch(path, { method, headers: { 'content-type': 'application/json', 'x-metamcp-page': '1' }, body: JSON.stringify(body) });
    const server = await send('POST', '/api/v1/servers', { name: 'meta', config: { type: 'orchestrator' } });
    const { config } = (await (await fetch('/api/v1/namespaces/default')).json()) as { config: { servers: string[] } };
    const namespace = await send('PATCH', '/api/v1/namespaces/default', { config: { servers: [...config.servers, 'meta'] } });
    return [server.status, namespace.status];
  });
  expect(made).toEqual([201, 200]);
  await page.goto(`${gateway.url}/on-demand`);
  await page.getByText('Nothing runs on demand').waitFor();
  await page.getByText('Live', { exact: true }).waitFor();

  const client = new Client({ name: 'agent', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl ?? ''), { requestInit: { headers: { authorization: `Bearer ${gateway.key}` } } }));
  await expect.poll(async () => (await client.listTools()).tools.map(({ name }) => name), { timeout: 20_000 }).toContain('meta__create_server');
  await client.callTool({ name: 'meta__create_server', arguments: { name: 'sums', template: 'basic_calculator' } });
  await page.getByText('sums', { exact: true }).waitFor();

  await page.getByRole('tab', { name: 'Events' }).click();
  await page.getByRole('table', { name: 'Events' }).getByText('ready', { exact: true }).first().waitFor();
  await page.getByRole('tab', { name: /Running/ }).click();
  await page.getByRole('button', { name: 'Stop sums' }).click();
  await panel().getByRole('button', { name: 'Stop', exact: true }).click();
  await page.getByText('sums is stopped.').waitFor();
  await page.getByText('Nothing runs on demand').waitFor();
  await client.close();
  expect(watched.complaints).toEqual([]);
});
