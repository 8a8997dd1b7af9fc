/** The inspector, against the reference server and against servers of one revision each, in both eras of the client. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { type MatrixServer, startMatrixServer } from '../bridge/matrix-server.ts';
import { buildPages, CHROMIUM, openBrowser, openPage, signInFirst } from '../support/chromium.ts';
import { randomKey } from '../support/random-key.ts';
import { referenceServer } from '../support/real-servers.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const KEY = randomKey();
const run = promisify(execFile);

let gateway: RunningGateway;
let browser: Browser;
let modern: MatrixServer;
let state: BrowserContextOptions['storageState'];

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  buildPages();
  modern = await startMatrixServer('2026-07-28');
  const config = {
    servers: { everything: referenceServer('everything'), matrix: { url: modern.url } },
    namespaces: { all: { servers: ['everything', 'matrix'] } },
    endpoints: { all: { namespace: 'all' } },
    keys: { viewer: { value: KEY } },
  };
  [gateway, browser] = await Promise.all([startGateway({ config }), openBrowser()]);
  const { page, context } = await openPage(browser);
  await signInFirst(page, gateway.adminLink);
  state = await context.storageState();
  await context.close();
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  await modern?.stop();
});

const ERAS = ['modern', 'legacy'] as const;

async function open(query: string) {
  const opened = await openPage(browser, { ...(state !== undefined && { storageState: state }) });
  // The reference server wants to know roots as soon as it is there.
  const roots = opened.page.getByRole('dialog', { name: 'The server asks for roots' });
  if (!query.includes('matrix')) await opened.page.addLocatorHandler(roots, () => roots.getByRole('button', { name: 'Send' }).click());
  await opened.page.goto(`${gateway.url}/inspector?${query}`);
  await opened.page.getByText('Connected', { exact: true }).waitFor({ timeout: 30_000 });
  return opened;
}

async function choose(page: Page, name: string): Promise<void> {
  await page.getByRole('searchbox').fill(name);
  await page.getByRole('listitem').getByRole('button').filter({ hasText: name }).first().click();
}

async function callTool(page: Page, name: string): Promise<void> {
  await choose(page, name);
  await page.getByRole('button', { name: 'Call', exact: true }).click();
}

const result = (page: Page) => page.getByRole('region', { name: 'Result' });

test.skipIf(CHROMIUM === undefined).for(ERAS)('tools of the reference server are called by a form made of their schema, and as JSON; in the %s era', async (era) => {
  const { page, complaints, context } = await open(`kind=server&name=everything&era=${era}`);
  await choose(page, 'get-sum');
  await page.getByLabel('a *').fill('19');
  await page.getByLabel('b *').fill('23');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await result(page).getByText(/42/).first().waitFor();

  await page.getByRole('button', { name: 'As JSON', exact: true }).click();
  await page.getByLabel('Arguments').fill('{"a": 1, "b": 2}');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await result(page).getByText(/is 3/).first().waitFor();

  // The address names what is open.
  expect(new URL(page.url()).searchParams.get('item')).toBe('get-sum');
  // A question of the server that comes just then closes the menu.
  const curl = page.getByRole('menuitem', { name: 'curl' });
  await vi.waitFor(
    async () => {
      if (!(await curl.isVisible())) await page.getByRole('button', { name: 'Copy as' }).click();
      await curl.click({ timeout: 2_000 });
    },
    { timeout: 20_000, interval: 100 },
  );
  await page.getByText(era === 'modern' ? 'mcp-name: get-sum' : 'mcp-session-id: $SESSION').first().waitFor();
  await page.keyboard.press('Escape');

  // Saved calls are there again after a reload.
  await page.getByRole('button', { name: 'Save this call' }).click();
  await page.getByLabel('Name', { exact: true }).fill('one and two');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.reload();
  await page.getByRole('button', { name: 'one and two', exact: true }).click();
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await result(page).getByText(/is 3/).first().waitFor();

  // What was saved is found where one begins.
  const target = page.url();
  await page.goto(`${gateway.url}/inspector`);
  await page.getByRole('link', { name: /everything.*1 saved call/ }).waitFor();
  await page.goto(target);
  await page.getByText('Connected', { exact: true }).waitFor({ timeout: 30_000 });

  // A picture is shown from its bytes.
  await callTool(page, 'get-tiny-image');
  await result(page).getByRole('img').waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test.skipIf(CHROMIUM === undefined).for(ERAS)('resources, templates and prompts of the reference server are read, with completion; in the %s era', async (era) => {
  const { page, complaints, context } = await open(`kind=server&name=everything&era=${era}&tab=resources`);
  await page.getByRole('listitem').getByRole('button').first().click();
  await page.getByRole('button', { name: 'Read', exact: true }).click();
  await result(page).getByText('ok', { exact: true }).waitFor();

  await page.getByRole('tab', { name: 'Templates' }).click();
  await page.getByRole('listitem').getByRole('button').first().click();
  await page.getByLabel(/resourceId/).fill('7');
  await page.getByRole('button', { name: 'Read', exact: true }).click();
  await result(page).getByText('ok', { exact: true }).waitFor();

  await page.getByRole('tab', { name: 'Prompts' }).click();
  await choose(page, 'completable');
  await page.getByLabel('department *').fill('E');
  await page.waitForFunction(() => [...document.querySelectorAll('datalist option')].some((option) => (option as HTMLOptionElement).value === 'Engineering'));
  await page.getByLabel('department *').fill('Engineering');
  await page.getByLabel('name *', { exact: true }).fill('Edward');
  await page.getByRole('button', { name: 'Get the prompt' }).click();
  await result(page).getByText('ok', { exact: true }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test.skipIf(CHROMIUM === undefined).for(ERAS)('what a server asks is answered by hand: model, form, address, roots; in the %s era', async (era) => {
  const { page, complaints, context } = await open(`kind=server&name=matrix&era=${era}`);
  await callTool(page, 'ask_model');
  await page.getByRole('dialog').getByLabel('Your answer').fill('a model would say this');
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await result(page).getByText(/a model would say this/).first().waitFor();

  await callTool(page, 'ask_form');
  await page.getByRole('dialog').getByLabel('name').fill('Grace');
  await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
  await result(page).getByText(/Grace/).first().waitFor();

  await callTool(page, 'ask_form');
  await page.getByRole('dialog').getByRole('button', { name: 'Decline' }).click();
  await result(page).getByText(/decline/).first().waitFor();

  await callTool(page, 'ask_url');
  await page.getByRole('dialog').getByText('example.test', { exact: true }).waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
  await result(page).getByText(/accept/).first().waitFor();

  await callTool(page, 'ask_roots');
  await page.getByRole('dialog').getByLabel('Roots').fill('file:///srv/one');
  await page.getByRole('dialog').getByRole('button', { name: 'Send' }).click();
  await result(page).getByText(/srv\/one/).first().waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test.skipIf(CHROMIUM === undefined).for(ERAS)('progress, cancellation, log messages, changes and both legs are seen; in the %s era', async (era) => {
  const { page, complaints, context } = await open(`kind=server&name=matrix&era=${era}`);
  const before = modern.tools.cancellations;
  await callTool(page, 'slow');
  await page.getByRole('button', { name: 'Cancel the call' }).click();
  await result(page).getByText('failed', { exact: true }).waitFor();
  await expect.poll(() => modern.tools.cancellations).toBeGreaterThan(before);

  await callTool(page, 'steps');
  await result(page).getByText('stepped').first().waitFor();

  await page.getByRole('tab', { name: /Notifications/ }).click();
  await page.getByLabel('Log messages from').selectOption('debug');
  await page.getByRole('tab', { name: 'Tools' }).click();
  await callTool(page, 'chatty');
  await result(page).getByText('said').first().waitFor();
  await callTool(page, 'change');
  await page.getByRole('tab', { name: /Notifications/ }).click();
  await page.getByText('a warning').first().waitFor();
  await page.getByText('notifications/progress').first().waitFor();
  await page.getByText('notifications/tools/list_changed').first().waitFor();

  await page.getByRole('tab', { name: 'Messages' }).click();
  const servers = page.getByRole('list', { name: 'Gateway ↔ servers' });
  await servers.getByText(/tools\/call/).first().waitFor();
  await page.getByRole('list', { name: 'Client ↔ gateway' }).getByText(/tools\/call/).first().waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

test.skipIf(CHROMIUM === undefined)('an endpoint is looked at over the real path, and a link opens the very tool', async () => {
  const { page, context } = await open('kind=endpoint&name=all&item=everything__echo');
  await page.getByRole('heading', { level: 2, name: /echo/i }).waitFor();
  await page.getByLabel('message *').fill('through the real path');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await result(page).getByText(/through the real path/).first().waitFor();
  await page.getByRole('tab', { name: 'Messages' }).click();
  await page.getByRole('list', { name: 'Gateway ↔ servers' }).getByText('everything', { exact: true }).first().waitFor();
  await context.close();
});

function isThere(program: string): Promise<boolean> {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  );
}

test.skipIf(CHROMIUM === undefined)('what is copied for a terminal or a program makes the same call with a key', async () => {
  const { page, complaints, context } = await open('kind=endpoint&name=all&item=everything__get-sum');
  await page.getByLabel('a *').fill('19');
  await page.getByLabel('b *').fill('23');
  const copied = async (language: string): Promise<string> => {
    await page.getByRole('button', { name: 'Copy as' }).click();
    await page.getByRole('menuitem', { name: language }).click();
    const text = await page.getByRole('dialog').locator('pre').textContent();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    return text ?? '';
  };
  const env = { ...process.env, METAMCP_KEY: KEY };
  const typescript = await copied('TypeScript');
  expect(typescript).not.toContain(KEY);
  expect((await run(process.execPath, ['--input-type=module-typescript', '--eval', typescript], { env })).stdout).toContain('42');
  const shell = await copied('curl');
  if (await isThere('curl')) expect((await run('sh', ['-c', shell], { env })).stdout).toContain('42');
  const python = await copied('Python');
  if (await isThere('python3')) await run('python3', ['-c', 'import ast, sys; ast.parse(sys.argv[1])', python]);
  expect(python).toContain('everything__get-sum');
  expect(complaints).toEqual([]);
  await context.close();
});

test.skipIf(CHROMIUM === undefined)('a namespace is looked at as somebody else: as a key', async () => {
  const { page, complaints, context } = await open('kind=namespace&name=all&era=legacy');
  await page.getByLabel('As whom').selectOption({ label: 'Key viewer' });
  await page.getByText('to all as viewer').waitFor({ timeout: 30_000 });
  expect(new URL(page.url()).searchParams.get('as')).toMatch(/^key:/);
  await callTool(page, 'everything__echo');
  await page.getByText('Required and not there: message', { exact: false }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});
