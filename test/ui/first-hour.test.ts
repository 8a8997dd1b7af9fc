/** The first hour of somebody who comes to MetaMCP: everything by the pages, nothing by hand. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Browser } from 'playwright-core';
import { buildPages, CHROMIUM, openBrowser, openPage, signInFirst } from '../support/chromium.ts';
import { modernRequest } from '../support/http-peer.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const EVERYTHING = fileURLToPath(new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url));

let gateway: RunningGateway;
let browser: Browser;

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  buildPages();
  [gateway, browser] = await Promise.all([startGateway(), openBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

async function connect(url: string, key: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${key}` } } }));
  return client;
}

async function toolNames(client: Client): Promise<string[]> {
  return (await client.listTools()).tools.map((tool) => tool.name);
}

test.skipIf(CHROMIUM === undefined)('from an empty install to a limited tool and back: link, paste, namespace, endpoint, snippet, client, call seen live, rename, limit, 429, roll back', async () => {
  const { page, complaints, context } = await openPage(browser);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await signInFirst(page, gateway.adminLink);
  expect(new URL(page.url()).hash).toBe('');

  // Paste what any client has.
  await page.getByRole('link', { name: 'Servers', exact: true }).first().click();
  await page.getByRole('button', { name: 'Add servers' }).click();
  await page.getByLabel('Configuration').fill(JSON.stringify({ mcpServers: { everything: { command: process.execPath, args: [EVERYTHING] } } }));
  await page.getByRole('button', { name: 'Look at it' }).click();
  await page.getByText('This would change:').waitFor();
  await page.getByRole('button', { name: 'Add them' }).click();
  await page.getByRole('heading', { level: 1, name: /everything/ }).waitFor();
  await page.locator('h1').getByText('ready').waitFor({ timeout: 30_000 });

  // A namespace of its own.
  await page.getByRole('link', { name: 'Namespaces', exact: true }).first().click();
  await page.getByRole('button', { name: 'New namespace' }).click();
  await page.getByLabel('Name', { exact: true }).fill('work');
  await page.getByRole('checkbox', { name: 'everything' }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'New namespace' }).click();
  await page.getByRole('heading', { level: 1, name: 'work' }).waitFor();
  await page.getByText('everything__echo', { exact: true }).waitFor();

  // An endpoint for it, a key, and the snippet.
  await page.getByRole('link', { name: 'no endpoint yet: make one' }).click();
  await page.getByLabel('Name', { exact: true }).fill('desk');
  await page.getByLabel('Namespace', { exact: true }).selectOption('work');
  await page.getByRole('dialog').getByRole('button', { name: 'New endpoint' }).click();
  await page.getByRole('heading', { level: 1, name: /desk/ }).waitFor();
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByText('The key is in the text below.').waitFor();
  await page.getByRole('button', { name: 'Cursor' }).click();
  await page.getByRole('button', { name: 'Copy', exact: true }).last().click();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as { mcpServers: { desk: { url: string; headers: { Authorization: string } } } };
  const { url, headers } = copied.mcpServers.desk;
  expect(url).toBe(gateway.mcp('desk'));

  // What was copied is all that a real client needs.
  const client = await connect(url, headers.Authorization.replace('Bearer ', ''));
  expect(await toolNames(client)).toContain('everything__echo');
  // The call is seen as it is made.
  await page.getByRole('link', { name: 'Traffic', exact: true }).first().click();
  await page.getByText('0 since this page was opened').waitFor();
  expect(JSON.stringify(await client.callTool({ name: 'everything__echo', arguments: { message: 'hello' } }))).toContain('hello');
  const traffic = page.getByRole('table', { name: 'Traffic' });
  await traffic.getByRole('row').filter({ hasText: 'everything__echo' }).first().waitFor();

  // Rename it; the client sees the new name.
  await page.goto(`${gateway.url}/namespaces/work`);
  await page.getByRole('button', { name: 'Change echo' }).click();
  await page.getByLabel('Name for clients').fill('say_it_back');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('say_it_back', { exact: true }).first().waitFor();
  await page.getByText('Overridden', { exact: true }).waitFor();
  await expect.poll(() => toolNames(client)).toContain('say_it_back');
  expect(await toolNames(client)).not.toContain('everything__echo');

  // Limit it, until clients are told to wait.
  const key = headers.Authorization.replace('Bearer ', '');
  const call = async (name: string): Promise<number> => (await modernRequest({ url, key }, 'tools/call', { name, arguments: { message: 'again' } })).status;
  expect(await call('say_it_back')).toBe(200);
  await page.goto(`${gateway.url}/traffic`);
  await traffic.getByRole('row').filter({ hasText: 'say_it_back' }).first().getByRole('button', { name: /Actions for/ }).click();
  await page.getByRole('menuitem', { name: 'Limit this' }).click();
  await page.getByRole('dialog').getByLabel('Calls', { exact: true }).fill('2');
  await page.getByLabel('In so many seconds').fill('3600');
  await page.getByRole('dialog').getByRole('button', { name: 'Limit', exact: true }).click();
  await page.getByText(/The limit holds at/).waitFor();
  await expect.poll(() => call('say_it_back')).toBe(429);
  await traffic.getByText('limit.rate_exceeded').first().waitFor();

  // And back, by the history, before the limit and the name.
  await page.getByRole('link', { name: 'Configuration', exact: true }).first().click();
  await page.getByRole('button', { name: 'Look', exact: true }).nth(2).click();
  await page.getByRole('button', { name: /Go back to/ }).click();
  await page.getByText(/All is as in version/).waitFor();
  await expect.poll(() => toolNames(client)).toContain('everything__echo');
  expect(await call('everything__echo')).toBe(200);
  await client.close();
  expect(complaints).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a change made elsewhere appears without a reload, a deletion can be undone, and the palette finds both', async () => {
  const { page, complaints } = await openPage(browser);
  await page.goto(`${gateway.url}/sign-in?next=%2Fservers`);
  await page.getByLabel('E-mail address').fill('ada@example.com');
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery staple 9');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Servers' }).waitFor();
  await page.getByTitle('Changes appear at once').first().waitFor();

  // Another page of the same person, as far as the gateway can tell.
  await page.evaluate(async () => {
    await fetch('/api/v1/servers', { method: 'POST', headers: { 'content-type': 'application/json', 'x-metamcp-page': '1' }, body: JSON.stringify({ name: 'elsewhere', config: { url: 'https://mcp.example.com/mcp', enabled: false } }) });
  });
  await page.getByRole('link', { name: 'elsewhere' }).waitFor();

  await page.getByRole('button', { name: 'Actions for elsewhere' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('link', { name: 'elsewhere' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('link', { name: 'elsewhere' }).waitFor();

  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('elsew');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: /elsewhere/ }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor();
  expect(complaints).toEqual([]);
});
