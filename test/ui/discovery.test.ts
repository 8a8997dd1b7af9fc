/** Finding tools by the pages: what results may cost, groups and where their calls go, and evaluations side by side. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { askByPage, buildPages, CHROMIUM, openBrowser, openPage, signInFirst, type Watched } from '../support/chromium.ts';
import { modernRequest, toolNamesOf } from '../support/http-peer.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

let gateway: RunningGateway;
let browser: Browser;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  buildPages();
  [gateway, browser] = await Promise.all([startGateway(), openBrowser()]);
  watched = await openPage(browser);
  ({ page } = watched);
  await signInFirst(page, gateway.adminLink);
});

beforeEach(async () => {
  if (CHROMIUM === undefined) return;
  await page.goto(`${gateway.url}/overview`);
  // The same tools under two names: what two servers that do the same would offer.
  await admin('PATCH', '/namespaces/default', { config: { servers: ['sample', { server: 'sample', as: 'backup' }], groups: null, tools: null } });
  await admin('PATCH', '/endpoints/default', { config: { discovery: 'full' } });
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

const discoveryOf = async (): Promise<unknown> => (await admin<{ config: { discovery?: unknown } }>('GET', '/endpoints/default')).config.discovery;

const route = () => page.getByRole('status', { name: 'The route' });

/** What the explanation says beside a name. */
const fact = (name: string) => route().locator('div', { has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) }).locator('dd');

async function explain(agent: string): Promise<void> {
  await page.getByLabel('Agent', { exact: true }).fill(agent);
  await page.getByRole('button', { name: 'Explain the route' }).click();
}

test.skipIf(CHROMIUM === undefined)('what a result may cost is a field of the endpoint and of its mode, and holds as soon as it is saved', async () => {
  await page.goto(`${gateway.url}/endpoints/default?tab=rules`);
  await page.getByLabel('How tools are shown').selectOption('search');
  await page.getByLabel('Tokens for a result').fill('50');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved.').first().waitFor();
  expect(await discoveryOf()).toEqual({ mode: 'search', resultTokens: 50 });
  const long = (await modernRequest(peer(), 'tools/call', { name: 'call_tool', arguments: { name: 'sample__echo', arguments: { message: 'word '.repeat(400) } } })).message;
  expect(JSON.stringify(long.result)).toMatch(/call_read_tool/);

  await page.goto(`${gateway.url}/discovery`);
  const budget = page.getByLabel('Tokens for a result');
  expect(await budget.inputValue()).toBe('50');
  await page.getByRole('radio', { name: 'All while they are few, else by search' }).check();
  await page.getByLabel('Tokens for definitions').fill('1');
  await budget.fill('');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(discoveryOf).toEqual({ mode: 'auto', budgetTokens: 1 });
  expect(toolNamesOf(await modernRequest(peer(), 'tools/list'))).toContain('search_tools');
  expect(watched.complaints.splice(0)).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a group is made of tools that look alike, a rule leads elsewhere, and the page explains the route that calls then take', async () => {
  await page.goto(`${gateway.url}/discovery?tab=route`);
  await page.getByText('There is no group yet.').waitFor();
  await page.getByRole('listitem').filter({ hasText: 'sample__add' }).getByRole('button', { name: 'Make a group' }).click();
  const panel = page.getByRole('dialog');
  await panel.getByLabel('Name', { exact: true }).fill('math.add');
  await panel.getByLabel('Description').fill('Adds two numbers, wherever it is done.');
  // The tool that comes second by itself is to come first.
  await panel.getByRole('group', { name: 'sample__add', exact: true }).getByLabel('Priority').fill('1');
  await panel.getByRole('group', { name: 'backup__add', exact: true }).getByLabel('Priority').fill('2');
  await panel.getByRole('button', { name: 'Add a rule' }).click();
  const rule = panel.getByRole('group', { name: 'Rule', exact: true });
  await rule.getByLabel('Name of the rule').fill('night');
  await rule.getByLabel('Goes to').selectOption('backup__add');
  await rule.getByLabel('Agents').fill('night-*, owl');
  await panel.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('list', { name: 'Groups' }).getByText('math.add').waitFor();
  expect(toolNamesOf(await modernRequest(peer(), 'tools/list'))).toContain('math.add');

  await page.getByLabel('Arguments', { exact: true }).fill('{ "a": 2, "b": 3 }');
  await explain('');
  await expect.poll(() => fact('Goes to').textContent()).toBe('sample__add');
  expect(await fact('Why').textContent()).toBe('priority');
  expect(await fact('Order').textContent()).toBe('sample__add → backup__add');
  expect(JSON.parse((await page.getByLabel('Arguments as they are sent').textContent()) ?? '')).toEqual({ a: 2, b: 3 });
  await explain('night-shift');
  await expect.poll(() => fact('Goes to').textContent()).toBe('backup__add');
  expect(await fact('Why').textContent()).toBe('rule night: only');
  expect(await fact('sample__add').textContent()).toBe('left out by the rule');

  // What the page said is what a dry run says, and where the call goes.
  const dry = (await modernRequest(peer(), 'tools/call', { name: 'math.add', arguments: { a: 2, b: 3 }, _meta: { 'metamcp/dryRun': true } })).message;
  expect(dry.result?.['structuredContent']).toMatchObject({ member: 'sample__add', reason: 'priority', order: ['sample__add', 'backup__add'] });
  const done = (await modernRequest(peer(), 'tools/call', { name: 'math.add', arguments: { a: 2, b: 3 } })).message;
  expect(JSON.stringify(done.result)).toContain('5');
  expect(watched.complaints.splice(0)).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a group is changed without losing what its form does not show, a name that cannot be is refused, and a group is deleted', async () => {
  const group = { members: [{ tool: 'sample__echo', tags: ['near'] }, { tool: 'backup__echo', arguments: { message: 'text', loud: false } }], rules: [{ name: 'long', arguments: [{ at: '/message', maxLength: 4 }], use: 'backup__echo' }] };
  await admin('PATCH', '/namespaces/default', { config: { groups: { 'say.it': group } } });
  await page.goto(`${gateway.url}/discovery?tab=route`);
  await page.getByRole('button', { name: 'Change say.it' }).click();
  const panel = page.getByRole('dialog', { name: 'say.it' });
  await panel.getByText('It has 1 condition on arguments', { exact: false }).waitFor();
  const second = panel.getByRole('group', { name: 'backup__echo', exact: true });
  expect(await second.getByLabel('Names of arguments').inputValue()).toBe('message = text, loud = -');
  await second.getByLabel('Names of arguments').fill('');
  await second.getByRole('switch', { name: 'A second call does no harm' }).click();
  await panel.getByLabel('What decides first').selectOption('cost');
  await panel.getByRole('button', { name: 'Save', exact: true }).click();
  await panel.waitFor({ state: 'detached' });
  const { config } = await admin<{ config: { groups: Record<string, unknown> } }>('GET', '/namespaces/default');
  expect(config.groups['say.it']).toMatchObject({ choose: 'cost', members: [{ tool: 'sample__echo', tags: ['near'] }, { tool: 'backup__echo', idempotent: true }], rules: group.rules });
  expect(JSON.stringify(config.groups)).not.toContain('loud');

  await page.getByRole('button', { name: 'New group' }).click();
  const fresh = page.getByRole('dialog', { name: 'New group' });
  await fresh.getByLabel('Name', { exact: true }).fill('not-two-words');
  await fresh.getByRole('button', { name: 'Add the tool' }).click();
  await fresh.getByRole('button', { name: 'Save', exact: true }).click();
  await fresh.getByRole('alert').getByText(/web\.search/).first().waitFor();
  await fresh.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Delete say.it' }).click();
  await page.getByText('There is no group yet.').waitFor();
  expect(watched.complaints.splice(0).filter((complaint) => !/status of 4\d\d/.test(complaint))).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('an evaluation shows recall and tokens, and beside them those of another configuration with what it would find better and worse', async () => {
  await admin('PATCH', '/namespaces/default', { config: { servers: ['sample'] } });
  await page.goto(`${gateway.url}/discovery?tab=evaluation`);
  const cases = [
    { query: 'add two numbers', tools: ['sample__add'] },
    { query: 'parrot', tools: ['sample__echo'] },
    { query: 'present date and time in a timezone', tools: ['sample__time'] },
    { query: 'knit a pullover', tools: [] },
  ];
  await page.getByRole('textbox', { name: 'Cases' }).fill(cases.map((each) => JSON.stringify(each)).join('\n'));
  await page.getByRole('button', { name: 'Measure' }).click();
  const table = page.getByRole('table', { name: 'Measured' });
  const row = async (name: string): Promise<string[]> => (await table.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) }).getByRole('cell').allTextContents()).map((text) => text.trim());
  await table.waitFor();
  expect(await row('Found within 5 rows')).toEqual(['66.7%']);
  expect(await row('First row is right')).toEqual(['66.7%']);
  expect(await row('Sure where nothing should be found')).toEqual(['0 of 1']);
  expect((await row('Answer, median'))[0]).toMatch(/^about \d+ tokens$/);
  expect(await page.getByRole('list', { name: 'Missed' }).getByRole('listitem').count()).toBe(1);

  await page.getByRole('switch', { name: 'Compare with another configuration' }).click();
  const editor = page.getByRole('textbox', { name: 'The other configuration' });
  // It begins as the one that holds.
  await expect.poll(() => editor.textContent()).toContain('namespaces:');
  await page.getByRole('button', { name: 'Measure' }).click();
  await page.getByText('Every query is answered alike.').waitFor();

  const { text } = await admin<{ text: string }>('GET', '/config/export?format=json');
  const other = JSON.parse(text) as { namespaces: Record<string, Record<string, unknown>> };
  other.namespaces['default'] = { ...other.namespaces['default'], tools: { sample__echo: { keywords: ['parrot'] }, sample__time: { enabled: false } } };
  await editor.fill(JSON.stringify(other));
  await page.getByRole('button', { name: 'Measure' }).click();
  await page.getByRole('list', { name: 'Found better' }).getByText('parrot').waitFor();
  await page.getByRole('list', { name: 'Found worse' }).getByText('present date and time in a timezone').waitFor();
  expect(await row('Found within 5 rows')).toEqual(['66.7%', '66.7%', '–']);
  // Nothing of it was applied.
  expect(toolNamesOf(await modernRequest(peer(), 'tools/list'))).toContain('sample__time');

  await editor.fill('endpoints: {}');
  await page.getByRole('button', { name: 'Measure' }).click();
  await page.getByRole('alert').getByText(/has no endpoint "default"/).waitFor();
  expect(watched.complaints.splice(0).filter((complaint) => !/status of 4\d\d/.test(complaint))).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('all of it is there in Chinese', async () => {
  await admin('PATCH', '/namespaces/default', { config: { groups: { 'math.add': { members: [{ tool: 'sample__add' }, { tool: 'backup__add', priority: 1 }] } } } });
  await page.evaluate(() => localStorage.setItem('metamcp.language', 'zh'));
  await page.goto(`${gateway.url}/discovery?tab=route`);
  await page.getByRole('button', { name: '解释路由' }).click();
  await page.getByRole('status', { name: '路由' }).getByText('sample__add', { exact: true }).waitFor();
  await page.getByRole('button', { name: '修改 math.add' }).click();
  await page.getByRole('dialog').getByText('首要依据').waitFor();
  expect(await page.getByRole('dialog').innerText()).not.toMatch(/groups\.|[A-Za-z]{3,} [a-z]{3,} [a-z]{3,}/);
  await page.getByRole('dialog').getByRole('button', { name: '取消' }).click();
  await page.getByRole('tab', { name: '评估' }).click();
  await page.getByRole('switch', { name: '与另一份配置比较' }).click();
  await page.getByRole('button', { name: '测量' }).click();
  const table = page.getByRole('table', { name: '测量结果' });
  await table.getByRole('rowheader', { name: '前 5 行内找到' }).waitFor();
  await page.goto(`${gateway.url}/endpoints/default?tab=rules`);
  await page.getByLabel('工具的呈现方式').selectOption('search');
  await page.getByLabel('结果的令牌数').waitFor();
  await page.evaluate(() => localStorage.setItem('metamcp.language', 'en'));
  expect(watched.complaints.splice(0)).toEqual([]);
});
