/** The playground in a real browser, with a model behind real HTTP that wants tools called. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { type ChatAnswer, type ChatBody, startChatModel, type TestChatModel } from '../support/chat-model.ts';
import { buildPages, CHROMIUM, openBrowser, openPage, signInFirst, type Watched } from '../support/chromium.ts';
import { type RunningGateway, startGateway } from '../support/start-gateway.ts';

const KEY = 'sk-canary-0e3d9a';

let gateway: RunningGateway;
let browser: Browser;
let model: TestChatModel;
let watched: Watched;
let page: Page;

/** Calls what the person names, and repeats what came of it. */
function answer({ messages }: ChatBody): ChatAnswer {
  const last = messages.at(-1);
  const text = last?.content ?? '';
  if (last?.role === 'tool') return { text: ['The tool ', 'said: ', text] };
  if (text.startsWith('fail')) return { status: 429, message: `too many requests for ${KEY}` };
  if (text.startsWith('add')) return { calls: [{ name: 'sample__add', arguments: { a: 19, b: 23 } }] };
  if (text.startsWith('both')) return { calls: [{ name: 'sample__add', arguments: { a: 1, b: 1 } }, { name: 'sample__echo', arguments: { text: 'second' } }] };
  if (text.startsWith('invent')) return { calls: [{ name: 'no_such_tool', arguments: {} }] };
  return { text: ['<b>hello</b> ', 'there'] };
}

beforeAll(async () => {
  if (CHROMIUM === undefined) return;
  buildPages();
  [gateway, browser, model] = await Promise.all([startGateway(), openBrowser(), startChatModel(answer)]);
  watched = await openPage(browser);
  ({ page } = watched);
  await signInFirst(page, gateway.adminLink);
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  await model?.stop();
});

const log = () => page.getByRole('log', { name: 'Chat' });

async function say(text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

async function isDone(): Promise<void> {
  await page.getByRole('button', { name: 'Send' }).waitFor();
}

test.skipIf(CHROMIUM === undefined)('is off until a model is set; then an answer appears as text, and the key is never seen again', async () => {
  await page.goto(`${gateway.url}/playground`);
  await page.getByText('The playground is off').waitFor();
  await page.getByLabel('Address').fill(model.url);
  await page.getByLabel('Model', { exact: true }).fill('test-model');
  await page.getByLabel('API key').fill(KEY);
  await page.getByRole('button', { name: 'Turn it on' }).click();
  await page.getByText('Ask something').waitFor();
  await say('hello');
  await log().getByText('<b>hello</b> there').waitFor();
  await isDone();
  expect(model.asked.at(-1)).toMatchObject({ authorization: `Bearer ${KEY}`, body: { model: 'test-model', stream: true } });
  expect(model.asked.at(-1)?.body.tools?.map((tool) => tool.function.name)).toEqual(expect.arrayContaining(['sample__add', 'sample__echo']));
  await page.getByRole('button', { name: /test-model at/ }).click();
  await page.getByRole('dialog').getByText('There is one.', { exact: false }).waitFor();
  expect(await page.content()).not.toContain(KEY);
  await page.keyboard.press('Escape');
  expect(watched.complaints).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('a call waits for its person: declined it is never made, allowed it goes the way of every client and is in Traffic', async () => {
  await page.getByRole('button', { name: 'New chat' }).click();
  await say('add them');
  const call = log().getByRole('region', { name: 'Call of sample__add' }).last();
  await call.getByText('waits for you').waitFor();
  await call.getByRole('button', { name: 'Decline' }).click();
  await log().getByText('The tool said: The person declined this call.').waitFor();
  await isDone();

  await say('add them again');
  await call.getByRole('button', { name: 'Allow', exact: true }).click();
  await log().getByText('The tool said: 42').waitFor();
  await isDone();
  const messages = model.asked.at(-1)?.body.messages ?? [];
  expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'user', 'assistant', 'tool']);

  // Always in this chat: nothing is asked of that tool any more, of others it is.
  await say('both of them');
  await call.getByRole('button', { name: 'Always in this chat' }).click();
  const other = log().getByRole('region', { name: 'Call of sample__echo' });
  await other.getByRole('button', { name: 'Allow', exact: true }).click();
  await isDone();
  await say('add once more');
  await isDone();
  expect(await log().getByText('The tool said: 42').count()).toBe(2);

  await say('invent one');
  await log().getByText('The tool said: There is no tool of this name.').waitFor();
  await isDone();
  await page.goto(`${gateway.url}/traffic?calls=true`);
  const rows = page.getByRole('table', { name: 'Traffic' }).getByRole('row');
  await rows.filter({ hasText: 'sample__add' }).first().waitFor();
  expect(await rows.filter({ hasText: 'sample__add' }).count()).toBe(3);
  expect(watched.complaints).toEqual([]);
});

test.skipIf(CHROMIUM === undefined)('whoever never wants to be asked is not; a waiting call is stopped; what the service refuses is said without the key', async () => {
  await page.goto(`${gateway.url}/playground`);
  await page.getByLabel('Instructions').fill('Be brief.');
  await say('add');
  await log().getByText('waits for you').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await log().getByText('declined', { exact: true }).waitFor();
  await isDone();
  await page.getByLabel('Ask me').selectOption('never');
  await say('add');
  await log().getByText('The tool said: 42').waitFor();
  await isDone();
  expect(model.asked.at(-1)?.body.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
  await say('fail');
  await log().getByRole('alert').getByText('too many requests for …').waitFor();
  expect(await page.content()).not.toContain(KEY);

  await page.getByRole('button', { name: /test-model at/ }).click();
  await page.getByRole('button', { name: 'Turn it off and forget the key' }).click();
  await page.getByText('The playground is off').waitFor();
  expect(watched.complaints.filter((complaint) => !complaint.includes('502'))).toEqual([]);
});
