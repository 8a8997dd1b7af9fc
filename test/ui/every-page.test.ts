/** Every page, in both languages and both themes: nothing complains, nothing is out of reach, nothing foreign runs. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { PAGES } from '../../ui/app/pages.ts';
import { HOSTILE_TEXTS } from '../fixtures/hostile-texts.ts';
import { buildPages, CHROMIUM, openBrowser, openPage, signInFirst } from '../support/chromium.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Some of them, and one that has no end: what each of the others does is looked at in hostile-texts.test.ts. */
const HOSTILE = [...HOSTILE_TEXTS.filter((text) => text !== '' && text !== '__proto__' && text.length < 200 && text.isWellFormed() && !text.includes('\u0000')).filter((_, index) => index % 4 === 0), 'W'.repeat(3_000)];

interface OpenPage {
  readonly path: string;
}

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

/** Objects whose every text is an attack on whoever looks at it. */
async function fill(page: Page): Promise<void> {
  const failed = await page.evaluate(async (texts) => {
    const failures: string[] = [];
    const send = async (method: string, path: string, body: unknown): Promise<void> => {
      const response = await fetch(path, { method, headers: { 'content-type': 'application/json', 'x-metamcp-page': '1' }, body: JSON.stringify(body) });
      if (!response.ok) failures.push(`${method} ${path}: ${response.status} ${await response.text()}`);
    };
    for (const [index, text] of texts.entries()) await send('POST', '/api/v1/servers', { name: `hostile-${index}`, config: { url: 'https://mcp.example.com/mcp', enabled: false, description: text } });
    await send('POST', '/api/v1/servers', { name: 'failing', config: { command: 'node', args: ['-e', `process.stderr.write(${JSON.stringify(texts.join('\n'))}); process.exit(3)`], description: 'fails' } });
    const tools = Object.fromEntries(['echo', 'add', 'time'].map((tool, index) => [`sample__${tool}`, { title: texts[index], description: texts.join('\n'), annotations: { note: texts[index + 3] } }]));
    await send('PATCH', '/api/v1/namespaces/default', { config: { description: texts.join(' '), tools } });
    await send('POST', '/api/v1/policies', { name: 'default', config: { mode: 'shadow', description: texts.join(' '), rules: [{ effect: 'deny', reason: texts[0], what: { names: ['nothing'] } }] } });
    await send('POST', '/api/v1/keys', { name: '"><img src=x onerror=console.error("ran")>' });
    await send('PATCH', '/api/v1/me', { name: '<script>console.error("ran")</script>' });
    return failures;
  }, HOSTILE);
  expect(failed).toEqual([]);
}

/** Parts of pages that only an address or a click opens. */
const MORE = [
  '/traffic?view=tools',
  '/traffic?outcome=failed&span=1h',
  '/inspector?kind=server&name=sample',
  '/inspector?kind=endpoint&name=default&era=legacy&tab=messages',
  '/audit?tab=verify',
  '/audit?tab=export',
  '/costs?tab=prices',
  '/limits?tab=limits&add=open',
  '/approvals?tab=all',
  '/policies?tab=explain',
  '/policies?tab=replay',
  '/policies?tab=shadow',
  '/policies?add=open',
  '/policies/default?tab=cases',
  '/policies/default?tab=templates',
  '/discovery?tab=search',
  '/discovery?tab=route',
  '/discovery?tab=evaluation',
  '/discovery?tab=rule',
  '/playground?model=open',
  '/settings?tab=start',
];

function addresses(): readonly OpenPage[] {
  const own = PAGES.map(({ path }) => ({ path: path.replace('/servers/$name', '/servers/failing').replace('$name', 'default') }));
  return [...own, { path: '/servers/failing?tab=log' }, { path: '/servers/failing?tab=config' }, { path: '/servers?add=paste' }, { path: '/servers?add=form' }, { path: '/namespaces/default?edit=sample__echo' }, { path: '/endpoints/default?tab=rules' }, { path: '/users?tab=invitations' }, { path: '/users?invite=open' }, { path: '/configuration?tab=export' }, { path: '/configuration?version=2' }, { path: '/keys?add=open' }, { path: '/servers/not/there' }, ...MORE.map((path) => ({ path }))];
}

/** Serious and critical findings, one line each. */
async function findFaults(page: Page): Promise<string[]> {
  await page.addScriptTag({ content: AXE });
  return page.evaluate(async () => {
    interface Axe {
      run(context: Document, options: object): Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }>;
    }
    const { axe } = window as unknown as { axe: Axe };
    const { violations } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 300)} ${nodes[0]?.failureSummary.slice(0, 300)}`);
  });
}

/** Controls whose words stick out of them, over whatever is beside. */
async function squeezed(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, [role=tab], [role=switch]')]
      .filter((control) => control.clientWidth > 0 && control.scrollWidth > control.clientWidth + 1 && getComputedStyle(control).overflowX === 'visible')
      .map(({ innerText }) => innerText.slice(0, 40)),
  );
}

/** Nothing is being read any more. */
async function settle(page: Page): Promise<void> {
  await page.locator('h1, [role=dialog], main p').first().waitFor();
  await page.waitForFunction(() => document.querySelector('[role=status].panel, .animate-pulse') === null);
}

const LOOKS = [
  { locale: 'en-US', colorScheme: 'light', hasAxe: true },
  { locale: 'zh-CN', colorScheme: 'dark', hasAxe: true },
  { locale: 'zh-CN', colorScheme: 'light', hasAxe: false },
  { locale: 'en-US', colorScheme: 'dark', hasAxe: false },
] as const;

test.skipIf(CHROMIUM === undefined).for(LOOKS)('[AD-03] [AD-09] every page with hostile texts in it, $locale, $colorScheme: no complaint, no serious fault, nothing wider than the window', async ({ locale, colorScheme, hasAxe }) => {
  // axe is a script of the test's own, which the policy of the pages would refuse.
  const { page, complaints, context } = await openPage(browser, { locale, colorScheme, bypassCSP: hasAxe, ...(state !== undefined && { storageState: state }) });
  const faults: string[] = [];
  for (const { path } of addresses()) {
    await page.goto(gateway.url + path);
    await settle(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) faults.push(`${path}: ${overflow} px wider than the window`);
    const foreign = await page.evaluate(() => [...document.links].map(({ href }) => href).filter((href) => !href.startsWith(`${location.origin}/`)));
    faults.push(...foreign.map((href) => `${path}: a link to ${href}`));
    if (hasAxe) faults.push(...(await findFaults(page)).map((fault) => `${path} ${fault}`));
    faults.push(...complaints.splice(0).map((complaint) => `${path} ${complaint}`));
  }
  await context.close();
  expect(faults).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('on a small screen every page fits, and the navigation opens', async () => {
  const { page, complaints, context } = await openPage(browser, { viewport: { width: 360, height: 740 }, ...(state !== undefined && { storageState: state }) });
  const wide: string[] = [];
  for (const { path } of addresses()) {
    await page.goto(gateway.url + path);
    await settle(page);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) wide.push(`${path}: ${overflow}`);
    wide.push(...(await squeezed(page)).map((text) => `${path}: ${text} is squeezed`));
  }
  await page.goto(`${gateway.url}/overview`);
  await page.getByRole('button', { name: 'Navigation' }).click();
  await page.getByRole('dialog').getByRole('link', { name: 'Keys' }).click();
  await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor();
  expect(wide).toEqual([]);
  expect(complaints).toEqual([]);
  await context.close();
});

test.skipIf(CHROMIUM === undefined)('the first page needs at most 250 kB of compressed script', async () => {
  const { page, context } = await openPage(browser, { ...(state !== undefined && { storageState: state }) });
  let bytes = 0;
  const reading: Promise<void>[] = [];
  page.on('response', (response) => {
    if (response.request().resourceType() === 'script') reading.push(response.request().sizes().then(({ responseBodySize }) => void (bytes += responseBodySize)));
  });
  await page.goto(`${gateway.url}/overview`);
  await settle(page);
  await Promise.all(reading);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(250_000);
  await context.close();
});
