/** A thousand tools stay usable, and texts of those who mean ill stay texts. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { buildPages, CHROMIUM, openBrowser, openPage, signInFirst } from '../support/chromium.ts';
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const MANY = fileURLToPath(new URL('../fixtures/many-tools-server.ts', import.meta.url));
const HOSTILE = fileURLToPath(new URL('../fixtures/hostile-texts-server.ts', import.meta.url));
/** A screen of them and some more, whatever there is. */
const ROWS_MAX = 80;

let gateway: RunningGateway;
let browser: Browser;
let state: BrowserContextOptions['storageState'];

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  buildPages();
  [gateway, browser] = await Promise.all([startGateway(), openBrowser()]);
  const { page, context } = await openPage(browser);
  await signInFirst(page, gateway.adminLink);
  await fill(page);
  state = await context.storageState();
  await context.close();
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

/** Sends to the admin API as the page does; rejects where it is refused. */
async function send(page: Page, method: string, path: string, body?: object): Promise<unknown> {
  const { ok, text } = await page.evaluate(
    async (request) => {
      const response = await fetch(request.path, { method: request.method, headers: { 'content-type': 'application/json', 'x-metamcp-page': '1' }, ...(request.body !== undefined && { body: JSON.stringify(request.body) }) });
      return { ok: response.ok, text: await response.text() };
    },
    { method, path, body },
  );
  if (!ok) throw new Error(`${method} ${path}: ${text}`);
  return JSON.parse(text) as unknown;
}

async function fill(page: Page): Promise<void> {
  await send(page, 'POST', '/api/v1/servers', { name: 'many', config: { command: process.execPath, args: [MANY, '--stdio', '--tools', '1000'] } });
  await send(page, 'POST', '/api/v1/servers', { name: 'hostile', config: { command: process.execPath, args: [HOSTILE], description: HOSTILE_TEXTS.join(' ') } });
  await send(page, 'POST', '/api/v1/servers', { name: 'failing', config: { command: process.execPath, args: ['-e', `process.stderr.write(${JSON.stringify(HOSTILE_TEXTS.join('\n'))}); process.exit(3)`], description: HOSTILE_TEXTS[0] } });
  await send(page, 'POST', '/api/v1/namespaces', { name: 'large', config: { servers: ['many'] } });
  await send(page, 'POST', '/api/v1/namespaces', { name: 'hostile', config: { servers: ['hostile'], description: HOSTILE_TEXTS.join(' ') } });
  await send(page, 'POST', '/api/v1/endpoints', { name: 'hostile', config: { namespace: 'hostile' } });
  // Its run fails with the text of the tool, which the page of the run shows.
  const steps = HOSTILE_TEXTS.slice(0, 20).map((_, index) => ({ id: `step_${index}`, tool: `hostile__text_${index}` }));
  await send(page, 'PUT', '/api/v1/workflows/hostile', { definition: { endpoint: 'hostile', description: HOSTILE_TEXTS.join(' ').slice(0, 2_000), steps }, public: true });
  for (const name of ['many', 'hostile']) await expect.poll(async () => ((await send(page, 'GET', `/api/v1/servers/${name}`)) as { status: string }).status, { timeout: 60_000 }).toBe('ready');
  await send(page, 'POST', '/api/v1/workflows/hostile/runs', { inputs: {} });
}

function open(options: BrowserContextOptions = {}) {
  return openPage(browser, { ...options, ...(state !== undefined && { storageState: state }) });
}

test.skipIf(CHROMIUM === undefined)('of a thousand tools in a namespace only those in view are drawn; any is found, reached and switched', async () => {
  const { page, complaints, context } = await open();
  await page.goto(`${gateway.url}/servers/many`);
  await page.getByText('1,000', { exact: true }).waitFor();
  expect(await page.locator('main *').count()).toBeLessThan(500);

  await page.goto(`${gateway.url}/namespaces/large`);
  await page.getByText('1000 entries').waitFor();
  const rows = page.locator('tbody tr');
  await page.getByText('many__tool_00000', { exact: true }).waitFor();
  expect(await rows.count()).toBeLessThan(ROWS_MAX);
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('1000');

  // To the end by wheel, where the last one is and the first is not.
  await page.getByRole('table').evaluate((table) => table.parentElement?.scrollTo({ top: 1e9 }));
  await page.getByText('many__tool_00999', { exact: true }).waitFor();
  expect(await page.getByText('many__tool_00000', { exact: true }).count()).toBe(0);
  expect(await rows.count()).toBeLessThan(ROWS_MAX);

  await page.getByRole('searchbox').fill('tool_00777');
  await page.getByText('1 of 1000').waitFor();
  await page.getByRole('switch').click();
  await expect.poll(async () => JSON.stringify(await send(page, 'GET', '/api/v1/namespaces/large'))).toContain('tool_00777');
  expect(complaints).toEqual([]);
  await context.close();
});

const PATHS = ['/servers', '/servers/hostile', '/servers/hostile?tab=log', '/servers/failing', '/servers/failing?tab=log', '/namespaces', '/namespaces/hostile', '/namespaces/hostile?edit=hostile__text_0', '/namespaces/hostile?edit=hostile__text_43', '/endpoints', '/endpoints/hostile', '/workflows', '/workflows?edit=hostile', '/workflows?tab=runs', '/configuration?tab=export'] as const;

test.skipIf(CHROMIUM === undefined).for([360, 1280])('of more than forty hostile texts in names, descriptions, errors and stderr none runs or is wider than a window of %i px', async (width) => {
  expect(HOSTILE_TEXTS.length).toBeGreaterThan(40);
  const { page, complaints, context } = await open({ viewport: { width, height: 800 } });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${gateway.url}/workflows`);
  const runs = (await send(page, 'GET', '/api/v1/workflow-runs')) as { items: { id: string }[] };
  const faults: string[] = [];
  for (const path of [...PATHS, `/workflows?tab=runs&run=${runs.items[0]?.id ?? ''}`]) {
    await page.goto(gateway.url + path);
    await page.locator('h1, [role=dialog]').first().waitFor();
    await page.waitForFunction(() => document.querySelector('[role=status].panel, .animate-pulse') === null);
    const found = await page.evaluate(() => ({
      hasRun: 'ran' in window || 'ran' in {},
      foreign: document.querySelectorAll('#root img, #root iframe, #root script, #root [onerror], #root [onload], #root base, #root meta, #root link, [href^="javascript:"]').length,
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      title: document.title,
    }));
    if (found.hasRun || found.foreign > 0 || found.overflow > 0) faults.push(`${path}: ${JSON.stringify(found)}`);
  }
  await context.close();
  expect(faults).toEqual([]);
  expect(complaints).toEqual([]);
  expect(asked.filter((url) => !url.startsWith(gateway.url) || new URL(url).pathname.startsWith('/ran'))).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a hostile text is there to read, word for word, and what hides in it by its code', async () => {
  const { page, context } = await open();
  await page.goto(`${gateway.url}/namespaces/hostile?q=text_0`);
  await page.getByText('<script>window.ran = 1</script>').first().waitFor();
  await page.goto(`${gateway.url}/servers/hostile?tab=log`);
  const log = page.getByRole('tabpanel');
  await log.getByText('U+202E').first().waitFor();
  for (const code of ['U+200B', 'U+E0041', 'U+2800', 'U+3164', 'U+2028', 'U+001B', 'U+061C']) expect(await log.getByText(code, { exact: true }).count(), code).toBeGreaterThan(0);
  await log.getByText('<details open ontoggle=window.ran=1>').first().waitFor();
  await context.close();
});
