/** What servers, clients and people wrote is text, whatever it says: nothing runs, nothing is loaded, nothing breaks the layout. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { HOSTILE_TEXTS } from '../fixtures/hostile-texts.ts';
import { buildPages, CHROMIUM, openBrowser, openPage, signInFirst, type Watched } from '../support/chromium.ts';
import { modernRequest } from '../support/http-peer.ts';
import { randomKey } from '../support/random-key.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const SERVER = fileURLToPath(new URL('../fixtures/hostile-texts-server.mjs', import.meta.url));
const KEY = randomKey();

let folder: string;
let gateway: RunningGateway;
let browser: Browser;
let state: BrowserContextOptions['storageState'];

beforeAll(async () => {
  expect(HOSTILE_TEXTS.length).toBeGreaterThanOrEqual(40);
  if (CHROMIUM === undefined) return;
  buildPages();
  folder = await mkdtemp(join(tmpdir(), 'metamcp-hostile-'));
  const texts = join(folder, 'texts.json');
  await writeFile(texts, JSON.stringify(HOSTILE_TEXTS));
  const config = {
    servers: { attack: { command: process.execPath, args: [SERVER, texts] }, gone: { command: process.execPath, args: ['-e', `process.stderr.write(require('fs').readFileSync(${JSON.stringify(texts)})); process.exit(3)`] } },
    policies: { ask: { rules: [{ name: 'a-person', effect: 'approve', what: { names: ['attack_7'] }, reason: HOSTILE_TEXTS[3] }] } },
    namespaces: { default: { servers: ['attack', 'gone'], policies: ['ask'], description: HOSTILE_TEXTS.slice(0, 10).join(' ') } },
    endpoints: { default: { namespace: 'default', limits: [] } },
    keys: { test: { value: KEY } },
  };
  [gateway, browser] = await Promise.all([startGateway({ config }), openBrowser()]);
  const calls = HOSTILE_TEXTS.map((text, index) => modernRequest({ url: gateway.mcp('default'), key: KEY }, 'tools/call', { name: `attack__attack_${index}`, arguments: { text } }, index + 1));
  await Promise.all(calls);
  const { page, context } = await openPage(browser);
  await signInFirst(page, gateway.adminLink);
  state = await context.storageState();
  await context.close();
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

/** What a page has that no text of others may bring, and what sticks out of it. */
async function breaches(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (overflow > 0) found.push(`${overflow} px wider than the window`);
    for (const element of document.querySelectorAll('iframe, object, embed, base, form[action], meta[http-equiv], body style, body link, body script:not([src])')) found.push(element.outerHTML.slice(0, 120));
    for (const { src } of document.images) if (!src.startsWith('data:image/png') && !src.startsWith(location.origin)) found.push(`a picture from ${src.slice(0, 60)}`);
    for (const { href } of document.links) if (!href.startsWith(`${location.origin}/`)) found.push(`a link to ${href}`);
    for (const element of document.querySelectorAll('*')) for (const { name } of element.attributes) if (name.startsWith('on')) found.push(`${element.tagName} ${name}`);
    if ('polluted' in {}) found.push('Object.prototype is not what it was');
    return found;
  });
}

const FRAMES = [
  { width: 1280, height: 900 },
  { width: 360, height: 740 },
] as const;
const PATHS = ['/overview', '/servers', '/servers/attack', '/servers/gone', '/servers/attack?tab=log', '/servers/gone?tab=log', '/namespaces/default', '/namespaces/default?tab=prompts', '/namespaces/default?tab=resources', '/namespaces/default?edit=attack__attack_3', '/definitions', '/approvals', '/approvals?tab=all', '/traffic', '/traffic?view=tools', '/audit', '/costs', '/discovery?tab=search', '/policies'];

test.skipIf(CHROMIUM === undefined).for(FRAMES)('[AD-03] [AD-09] more than forty hostile texts as names, descriptions, errors and stderr run nowhere and break no page, $width px wide', async (viewport) => {
  const { page, complaints, context } = await openPage(browser, { viewport, ...(state !== undefined && { storageState: state }) });
  const requests: string[] = [];
  page.on('request', (request) => new URL(request.url()).protocol === 'data:' || request.url().startsWith(gateway.url) || requests.push(request.url()));
  const faults: string[] = [];
  for (const path of PATHS) {
    await page.goto(gateway.url + path);
    await page.locator('h1').first().waitFor();
    await page.waitForFunction(() => document.querySelector('[role=status].panel, .animate-pulse') === null);
    faults.push(...[...(await breaches(page)), ...complaints.splice(0)].map((fault) => `${path}: ${fault}`));
  }
  // Inside of panels: one call with its arguments and its error.
  await page.goto(`${gateway.url}/traffic`);
  await page.getByRole('table', { name: 'Traffic' }).getByRole('row').nth(1).click();
  await page.getByRole('dialog').getByText('Where the time went').waitFor();
  faults.push(...(await breaches(page)));
  expect([...faults, ...complaints]).toEqual([]);
  expect(requests).toEqual([]);
  await context.close();
});

async function inspect(watched: Watched, index: number): Promise<void> {
  const { page } = watched;
  await page.goto(`${gateway.url}/inspector?kind=server&name=attack&item=attack_${index}`);
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await page.getByRole('region', { name: 'Result' }).waitFor();
}

test.skipIf(CHROMIUM === undefined)('the inspector shows hostile definitions, forms made of them, results and errors as text', async () => {
  const watched = await openPage(browser, { ...(state !== undefined && { storageState: state }) });
  const faults: string[] = [];
  for (const index of [0, 3, 7, 16, 45]) {
    await inspect(watched, index);
    faults.push(...[...(await breaches(watched.page)), ...watched.complaints.splice(0)].map((fault) => `attack_${index}: ${fault}`));
  }
  await watched.page.getByRole('tab', { name: 'Messages' }).click();
  await watched.page.getByRole('list', { name: 'Gateway ↔ servers' }).getByText(/tools\/call/).first().waitFor();
  faults.push(...(await breaches(watched.page)), ...watched.complaints);
  expect(faults).toEqual([]);
  await watched.context.close();
});

test.skipIf(CHROMIUM === undefined)('what one cannot see in a text is shown by its code, in tables and in the log of a server', async () => {
  const { page, context } = await openPage(browser, { ...(state !== undefined && { storageState: state }) });
  await page.goto(`${gateway.url}/namespaces/default?q=txt.exe`);
  for (const code of ['U+202E', 'U+200B', 'U+E0041']) await page.getByText(code).first().waitFor();
  // What it wrote last is the same at each of its starts.
  await page.goto(`${gateway.url}/servers/gone?tab=log`);
  await page.getByLabel('Log', { exact: true }).getByText('U+200B').first().waitFor();
  await context.close();
});
