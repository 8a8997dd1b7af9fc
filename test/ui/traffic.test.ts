/** Traffic in a real browser: seen live, opened, limited from its row, and free again. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { buildPages, CHROMIUM, openBrowser, openPage, signInFirst } from '../support/chromium.ts';
import { modernRequest } from '../support/http-peer.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

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

test.skipIf(CHROMIUM === undefined)('a call is seen live and opened, is limited from its row until clients get 429, and is free again without the limit', async () => {
  const { page, complaints, context } = await openPage(browser);
  await signInFirst(page, gateway.adminLink);
  await page.goto(`${gateway.url}/traffic`);
  await page.getByText(/since this page was opened/).waitFor();
  const { mcpUrl, key } = gateway;
  if (mcpUrl === null || key === null) throw new Error('a first run has an endpoint and a key');
  const call = () => modernRequest({ url: mcpUrl, key }, 'tools/call', { name: 'sample__echo', arguments: { text: 'hello traffic' } });
  expect((await call()).status).toBe(200);

  const table = page.getByRole('table', { name: 'Traffic' });
  const row = table.getByRole('row').filter({ hasText: 'sample__echo' }).first();
  await row.waitFor();
  await row.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('Where the time went').waitFor();
  await page.getByRole('dialog').getByText(/hello traffic/).first().waitFor();
  expect(new URL(page.url()).searchParams.get('call')).not.toBeNull();
  await page.keyboard.press('Escape');

  await row.getByRole('button', { name: /Actions for/ }).click();
  await page.getByRole('menuitem', { name: 'Limit this' }).click();
  await page.getByRole('dialog').getByLabel('Calls', { exact: true }).fill('2');
  await page.getByLabel('In so many seconds').fill('3600');
  await page.getByRole('dialog').getByRole('button', { name: 'Limit', exact: true }).click();
  await page.getByText(/The limit holds at/).waitFor();
  await expect.poll(async () => (await call()).status).toBe(429);
  await page.getByLabel('Outcome').selectOption('failed');
  await table.getByText('limit.rate_exceeded').first().waitFor();

  await page.goto(`${gateway.url}/endpoints/default?tab=rules`);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect.poll(async () => (await call()).status).toBe(200);
  await page.goto(`${gateway.url}/traffic?view=tools`);
  await page.getByRole('table', { name: 'Per tool' }).getByText('echo', { exact: true }).waitFor();
  // The browser says so of every refused request that a page makes; these pages made none.
  expect(complaints).toEqual([]);
  await context.close();
});
