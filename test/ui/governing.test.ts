/** What people decide by the pages: approvals, policies over recorded calls, the order of middleware, definitions, settings. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { askByPage, buildPages, CHROMIUM, openBrowser, openPage, signInFirst, type Watched } from '../support/chromium.ts';
import { modernRequest, toolNamesOf } from '../support/http-peer.ts';
import { json, startScriptedServer } from '../support/scripted-server.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

let gateway: RunningGateway;
let browser: Browser;
let watched: Watched;
let page: Page;
let state: BrowserContextOptions['storageState'];

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  buildPages();
  [gateway, browser] = await Promise.all([startGateway(), openBrowser()]);
  watched = await openPage(browser);
  ({ page } = watched);
  await signInFirst(page, gateway.adminLink);
  state = await watched.context.storageState();
});

beforeEach(async () => {
  if (CHROMIUM === undefined) return;
  await page.goto(`${gateway.url}/overview`);
  await admin('PATCH', '/namespaces/default', { config: { servers: ['sample'], policies: [], middleware: [], integrity: null } });
  watched.complaints.splice(0);
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

const admin = <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => askByPage<Answer>(page, method, path, body);

function peer() {
  const { mcpUrl, key } = gateway;
  if (mcpUrl === null || key === null) throw new Error('a first run has an endpoint and a key');
  return { url: mcpUrl, key };
}

async function echo(text: string) {
  return (await modernRequest(peer(), 'tools/call', { name: 'sample__echo', arguments: { message: text } })).message;
}

/** Types into an editor in place of what it holds. */
async function write(label: string, text: string): Promise<void> {
  await page.getByRole('textbox', { name: label }).fill(text);
}

test.skipIf(CHROMIUM === undefined)('a call that waits appears by itself, is approved for once or denied with a reason, and its link opens what became of it', async () => {
  await admin('POST', '/policies', { name: 'ask', config: { rules: [{ name: 'a-person', effect: 'approve', what: { names: ['echo'] }, reason: 'somebody must look' }] } });
  await admin('PATCH', '/namespaces/default', { config: { policies: ['ask'] } });
  await page.goto(`${gateway.url}/approvals`);
  await page.getByText('Nothing waits for you').waitFor();
  expect((await echo('first')).error?.code).toBe(-31010);
  const card = page.getByRole('listitem').filter({ hasText: 'first' });
  await card.getByText('somebody must look').waitFor();
  await card.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('Approved. The client may make the call once.').waitFor();
  await page.getByText('Nothing waits for you').waitFor();
  expect(JSON.stringify((await echo('first')).result)).toContain('first');
  expect((await echo('first')).error?.code).toBe(-31010);

  await page.getByRole('listitem').filter({ hasText: 'first' }).getByRole('button', { name: 'Deny' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('once is enough');
  await page.getByRole('dialog').getByRole('button', { name: 'Deny' }).click();
  await page.getByText('Nothing waits for you').waitFor();
  expect(JSON.stringify((await echo('first')).error)).toContain('once is enough');

  await page.getByRole('tab', { name: 'All' }).click();
  await page.getByLabel('State').selectOption('denied');
  await page.getByRole('table', { name: 'Approvals' }).getByRole('row').nth(1).click();
  await page.getByRole('dialog').getByText('once is enough').waitFor();
  // Somebody else who gets this address sees the same.
  const other = await openPage(browser, { ...(state !== undefined && { storageState: state }) });
  await other.page.goto(page.url());
  await other.page.getByRole('dialog').getByText('once is enough').waitFor();
  await other.context.close();
  expect(watched.complaints.splice(0)).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a draft of a policy is checked as it is typed, completed, tried on cases, and replayed over what was recorded, side by side', async () => {
  for (const text of ['one', 'two']) expect((await echo(text)).result).toBeDefined();
  await page.goto(`${gateway.url}/policies?add=open`);
  await page.getByRole('dialog').getByLabel('Name').fill('quiet');
  await page.getByRole('dialog').getByRole('button', { name: 'New policy' }).click();
  await page.getByRole('heading', { level: 1, name: 'quiet' }).waitFor();
  await page.getByText('The gateway would take it as it is.').waitFor();
  await admin('PATCH', '/namespaces/default', { config: { policies: ['quiet'] } });
  await page.getByText('No namespace names it yet', { exact: false }).waitFor({ state: 'detached' });

  await write('Rules', '{ "rules": [{ "effect": "forbid" }] }');
  await page.getByRole('alert').getByText(/effect/).first().waitFor();
  await write('Rules', '{ "rules": [ ');
  await page.getByText('This is not a JSON object.', { exact: false }).waitFor();
  await write('Rules', '{ "rules": [{ "name": "no-echo", "effect": "deny", "reason": "quiet", "what": { "servers": ["" ] } }] }');
  await page.getByRole('textbox', { name: 'Rules' }).press('Control+End');
  for (let steps = 0; steps < 9; steps++) await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Control+Space');
  await page.getByRole('option', { name: 'sample' }).first().waitFor();
  await page.keyboard.press('Escape');

  await write('Rules', JSON.stringify({ rules: [{ name: 'no-echo', effect: 'deny', reason: 'quiet', what: { names: ['echo'] } }, { name: 'rest', effect: 'allow' }] }));
  await page.getByText('The gateway would take it as it is.').waitFor();
  await page.getByRole('tab', { name: 'Test cases' }).click();
  await page.getByRole('button', { name: 'Run the cases' }).click();
  await page.getByText('Outcomes').waitFor();

  await page.getByRole('tab', { name: 'Replay' }).click();
  await page.getByLabel('Namespace').selectOption('default');
  await page.getByRole('button', { name: 'Replay', exact: true }).click();
  const row = page.getByRole('table', { name: 'Replay' }).getByRole('row').filter({ hasText: 'no-echo' }).filter({ has: page.getByText('allow', { exact: true }) }).first();
  await row.waitFor();
  await row.getByText('deny', { exact: true }).waitFor();
  // Nothing was saved: the draft stopped nobody.
  expect((await echo('three')).result).toBeDefined();
  // A refused draft is a refused request, which the console says by itself.
  expect(watched.complaints.splice(0).filter((complaint) => !/status of 4\d\d/.test(complaint))).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('text typed over coloured text takes no style along, so that the content policy has nothing to refuse', async () => {
  await page.goto(`${gateway.url}/policies?add=open`);
  await page.getByRole('dialog').getByLabel('Name').fill('coloured');
  await page.getByRole('dialog').getByRole('button', { name: 'New policy' }).click();
  await page.getByRole('heading', { level: 1, name: 'coloured' }).waitFor();
  const editor = page.getByRole('textbox', { name: 'Rules' });
  for (const text of ['null', '"a string"', '{ "rules": [{ "effect": "forbid" }] }', 'null', '{ "rules": [] }']) {
    await write('Rules', text);
    expect(await editor.textContent()).toBe(text);
    await editor.locator('.cm-line span').first().waitFor();
    await editor.press('Control+Home');
  }
  expect(watched.complaints.splice(0).filter((complaint) => !/status of 4\d\d/.test(complaint))).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('steps of middleware are dragged into their order, moved by keys, tried on a sample call, and hold once they are saved', async () => {
  await admin('PATCH', '/namespaces/default', { config: { middleware: [{ use: 'truncate', with: { bytesMax: 100 } }, { use: 'redact', with: { secrets: true } }, { use: 'cache', with: { seconds: 60 } }] } });
  await page.goto(`${gateway.url}/middleware`);
  const chain = page.getByRole('list', { name: 'Chain' });
  const order = async (): Promise<string[]> => (await chain.getByRole('listitem').locator('> span.font-medium').allTextContents()).map((text) => text.trim());
  await chain.getByText('truncate').waitFor();
  expect(await order()).toEqual(['truncate', 'redact', 'cache']);
  await chain.getByRole('listitem').nth(0).dragTo(chain.getByRole('listitem').nth(2));
  expect(await order()).toEqual(['redact', 'cache', 'truncate']);
  await chain.getByRole('listitem').nth(1).focus();
  await page.keyboard.press('Alt+ArrowUp');
  expect(await order()).toEqual(['cache', 'redact', 'truncate']);
  await page.getByText('not saved').waitFor();

  await page.getByLabel('What the server would answer').fill(JSON.stringify({ content: [{ type: 'text', text: `password=hunter2 ${'x'.repeat(1_000)}` }] }));
  await page.getByRole('button', { name: 'Try', exact: true }).click();
  const came = page.getByLabel('The client would get');
  await came.waitFor();
  expect(await came.textContent()).not.toContain('x'.repeat(500));

  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('not saved').waitFor({ state: 'detached' });
  const { config } = await admin<{ config: { middleware: { use: string }[] } }>('GET', '/namespaces/default');
  expect(config.middleware.map(({ use }) => use)).toEqual(['cache', 'redact', 'truncate']);
  expect(watched.complaints.splice(0)).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a definition that changed is shown word by word against what was approved, rejected, and approved as it is now', async () => {
  const tool = { name: 'read', description: 'Reads a file.', inputSchema: { type: 'object' } };
  const server = await startScriptedServer(({ body }, response) => {
    const { id, method } = JSON.parse(body) as { id?: number; method: string };
    const answers: Record<string, object> = { 'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }, 'tools/list': { tools: [tool] } };
    json(response, { jsonrpc: '2.0', id, result: { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...answers[method] } });
  });
  await admin('POST', '/servers', { name: 'files', config: { type: 'http', url: server.url } });
  await admin('PATCH', '/namespaces/default', { config: { servers: ['sample', 'files'], integrity: 'quarantine' } });
  const names = async (): Promise<string[]> => toolNamesOf(await modernRequest(peer(), 'tools/list'));
  await page.goto(`${gateway.url}/definitions?q=read`);
  const row = page.getByRole('table', { name: 'Definitions' }).getByRole('row').filter({ hasText: 'read' });
  await row.waitFor();
  if ((await row.getByText('as approved').count()) === 0) {
    await row.getByRole('button', { name: 'Look' }).click();
    await page.getByRole('button', { name: 'Approve as it is now' }).click();
    await page.getByText('Approved as it was shown.').first().waitFor();
  }
  await expect.poll(names).toContain('files__read');

  tool.description = 'Reads a secret file.';
  await admin('POST', '/servers/files/resync');
  await page.goto(`${gateway.url}/definitions?open=true`);
  await row.getByText('changed').waitFor();
  await expect.poll(names).not.toContain('files__read');
  await row.getByRole('button', { name: 'Look' }).click();
  expect(new URL(page.url()).searchParams.get('definition')).toContain('files');
  await page.getByRole('dialog').locator('ins').filter({ hasText: 'secret' }).first().waitFor();
  await page.getByRole('button', { name: 'Reject' }).click();
  await row.getByText('rejected').waitFor();
  await row.getByRole('button', { name: 'Look' }).click();
  await page.getByRole('button', { name: 'Approve as it is now' }).click();
  await page.getByText('Nothing waits for a decision').waitFor();
  await expect.poll(names).toContain('files__read');
  expect(watched.complaints.splice(0)).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('what an endpoint would find is tried out, and a rule for its tools is looked at before it holds', async () => {
  await page.goto(`${gateway.url}/discovery?tab=search`);
  await page.getByLabel('Looking for').fill('add two numbers');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByLabel('Found', { exact: true }).getByText(/sample__add/).first().waitFor();
  await page.getByRole('tab', { name: 'Rule for tools' }).click();
  await page.getByLabel('What they have to do with').fill('add two numbers');
  await page.getByLabel('At most so many').fill('1');
  await page.getByRole('button', { name: 'Look at it' }).click();
  await page.getByText('1 tool', { exact: true }).waitFor();
  expect(toolNamesOf(await modernRequest(peer(), 'tools/list')).length).toBeGreaterThan(1);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(async () => toolNamesOf(await modernRequest(peer(), 'tools/list'))).toEqual(['sample__add']);
  await page.getByRole('button', { name: 'Without a rule' }).click();
  await expect.poll(async () => toolNamesOf(await modernRequest(peer(), 'tools/list')).length).toBeGreaterThan(1);
  expect(watched.complaints.splice(0)).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a setting holds as soon as it is saved, says where it came from, and goes back to its default; what cannot be is refused at its field', async () => {
  await page.goto(`${gateway.url}/settings`);
  await page.getByLabel('Clients at a time').fill('7');
  await page.getByLabel('Private networks that may be reached').fill('10.0.0.0/8:443\n');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved.').first().waitFor();
  const settings = async () => (await admin<{ settings: Record<string, unknown> }>('GET', '/settings')).settings;
  expect(await settings()).toMatchObject({ oauthClientsMax: 7, egressAllow: ['10.0.0.0/8:443'] });
  await page.reload();
  await expect.poll(() => page.getByLabel('Clients at a time').inputValue()).toBe('7');
  await page.getByRole('button', { name: 'Back to the default' }).first().click();
  await page.getByRole('button', { name: 'Back to the default' }).last().click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(async () => (await settings())['oauthClientsMax']).not.toBe(7);

  await page.getByLabel('Private networks that may be reached').fill('everything');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('alert').first().waitFor();
  expect((await settings())['egressAllow']).toEqual([]);
  expect(watched.complaints.splice(0).filter((complaint) => !/status of 4\d\d/.test(complaint))).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('everything is reached by keyboard: pages, objects, theme and language by the palette, searches and help by single keys', async () => {
  const { page: own, context } = await openPage(browser, { ...(state !== undefined && { storageState: state }) });
  const choose = async (text: string): Promise<void> => {
    await own.keyboard.press('Control+k');
    await own.getByRole('combobox', { name: 'Find anything' }).or(own.getByRole('combobox', { name: '查找' })).fill(text);
    await own.keyboard.press('Enter');
    await own.locator('#palette-list').waitFor({ state: 'detached' });
  };
  await own.goto(`${gateway.url}/overview`);
  await own.getByRole('heading', { level: 1 }).waitFor();
  await choose('serv');
  await own.getByRole('heading', { level: 1, name: 'Servers' }).waitFor();
  await own.keyboard.press('/');
  await own.keyboard.type('samp');
  expect(new URL(own.url()).searchParams.get('q')).toBe('samp');
  await own.getByRole('searchbox').blur();
  await choose('dark');
  expect(await own.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
  await choose('中文');
  await own.getByRole('heading', { level: 1, name: '服务器' }).waitFor();
  expect(await own.evaluate(() => document.documentElement.lang)).toBe('zh');
  await choose('English');
  await own.getByRole('heading', { level: 1, name: 'Servers' }).waitFor();
  await own.keyboard.press('?');
  await own.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await own.keyboard.press('Escape');
  await own.getByRole('dialog').waitFor({ state: 'detached' });
  await own.keyboard.press('g');
  await own.keyboard.press('h');
  await own.getByRole('heading', { level: 1, name: 'Playground' }).waitFor();
  await context.close();
});

test.skipIf(CHROMIUM === undefined)('a deletion is carried out after a while or when the page is left, unless it is undone', async () => {
  for (const name of ['kept', 'gone']) await admin('POST', '/servers', { name, config: { url: 'https://mcp.example.com/mcp', enabled: false } });
  const remove = async (name: string): Promise<void> => {
    await page.getByRole('button', { name: `Actions for ${name}` }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('link', { name, exact: true }).waitFor({ state: 'detached' });
  };
  const names = async () => (await admin<{ items: { name: string }[] }>('GET', '/servers')).items.map(({ name }) => name);
  await page.goto(`${gateway.url}/servers`);
  await remove('kept');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('link', { name: 'kept', exact: true }).waitFor();
  await remove('gone');
  expect(await names()).toContain('gone');
  await expect.poll(names, { timeout: 15_000 }).not.toContain('gone');
  expect(await names()).toContain('kept');
  await remove('kept');
  await page.goto(`${gateway.url}/keys`);
  await expect.poll(names, { timeout: 3_000 }).not.toContain('kept');
});
