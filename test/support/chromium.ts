/** Debian's Chromium over freshly built pages. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const BUILD = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url));

/** Undefined where there is none: the tests that need it skip, and say so. */
export const CHROMIUM = findChromium();

function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  if (found === undefined) process.stderr.write('skipped: tests of the web pages need chromium on PATH\n');
  return found;
}

/** A build that fails fails the tests. */
export function buildPages(): void {
  const built = spawnSync(process.execPath, [BUILD], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (built.status !== 0 || !existsSync(fileURLToPath(new URL('../../dist/ui/index.html', import.meta.url)))) throw new Error('the web pages could not be built');
}

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }), headless: true, args: FLAGS });
}

export interface Watched {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What a person with the console open would see go wrong. */
  readonly complaints: string[];
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { context, page, complaints };
}

export const PASSWORD = 'correct horse battery staple 9';

/** Makes the first operator by the one-time link, as a person would. */
export async function signInFirst(page: Page, adminLink: string | null): Promise<void> {
  if (adminLink === null) throw new Error('the gateway gave no link');
  await page.goto(adminLink);
  await page.getByLabel('E-mail address').fill('ada@example.com');
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Create the account' }).click();
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

/** A request of the admin API as the pages make it, with the sign-in of the page; what it answers. Throws where it is refused. */
export async function askByPage<Answer>(page: Page, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await page.evaluate(
    async ([verb, where, sent]) => {
      const response = await fetch(`/api/v1${where}`, { method: verb, headers: { 'content-type': 'application/json', 'x-metamcp-page': '1' }, ...(sent !== null && { body: sent }) });
      return { isOk: response.ok, text: await response.text() };
    },
    [method, path, body === undefined ? null : JSON.stringify(body)] as const,
  );
  if (!answer.isOk) throw new Error(`${method} ${path}: ${answer.text}`);
  return JSON.parse(answer.text) as Answer;
}
