import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventStream, json, startScriptedServer } from '../../../test/support/scripted-server.ts';
import { startAdmin, type TestAdmin } from '../../../test/support/start-admin.ts';
import { systemClock } from '../../base/clock.ts';
import { createCompleteChat } from '../../upstream/chat-model/complete-chat.ts';
import { createDialer } from '../../upstream/dialer/dialer.ts';

const KEY = 'sk-canary-91c0ffee';
const PATH = '/api/v1/playground';
const CHAT = { messages: [{ role: 'user', text: 'hello' }], tools: [] };

let admin: TestAdmin;
beforeEach(async () => {
  admin = await startAdmin({ chat: { complete: createCompleteChat({ clock: systemClock, dialer: createDialer({ clock: systemClock, ownListeners: () => [] }) }) } });
});
afterEach(async () => {
  await admin.close();
});

async function complete(body: object = CHAT): Promise<string> {
  const answer = await fetch(`${admin.url}${PATH}/completions`, { method: 'POST', headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return `${answer.status} ${await answer.text()}`;
}

test('is off until a model is set, and off again without one', async () => {
  expect((await admin.ask('GET', PATH)).body).toEqual({ model: null });
  expect(await complete()).toMatch(/^409 .*no_model/);
  const { url } = await startScriptedServer((_request, response) => json(response, { choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }] }));
  expect((await admin.ask('PUT', PATH, { body: { url, model: 'small' } })).body).toMatchObject({ model: { url, model: 'small', hasKey: false } });
  expect(await complete()).toBe('200 event: text\ndata: {"text":"hi"}\n\nevent: done\ndata: {"reason":"stop","tokensIn":null,"tokensOut":null}\n\n');
  expect((await admin.ask('DELETE', PATH)).body).toEqual({ model: null });
  expect(await complete()).toMatch(/^409/);
});

test('[KS-03] the key is stored sealed, shown by no answer and no audit event, outlives a rotation, and follows the address to no other origin', async () => {
  const asked: (string | undefined)[] = [];
  const { url } = await startScriptedServer(({ headers }, response) => {
    asked.push(headers.authorization);
    json(response, { choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }] });
  });
  const set = await admin.ask('PUT', PATH, { body: { url, model: 'small', key: KEY } });
  expect(set.text + (await admin.ask('GET', PATH)).text).not.toContain(KEY);
  const { db } = admin.services.storage;
  expect(JSON.stringify(await db.selectFrom('chat_model').selectAll().execute())).not.toContain(KEY);
  expect((await admin.ask('POST', '/api/v1/secrets/rotate')).body).toMatchObject({ secrets: 1 });
  await complete();
  // The path may change, and the model.
  await admin.ask('PUT', PATH, { body: { url: new URL('/other', url).href, model: 'large' } });
  await complete();
  expect(asked).toEqual([`Bearer ${KEY}`, `Bearer ${KEY}`]);

  await admin.ask('PUT', PATH, { body: { url: 'https://elsewhere.example/v1', model: 'large' } });
  const back = await admin.ask('PUT', PATH, { body: { url, model: 'large' } });
  expect(back.body).toMatchObject({ model: { hasKey: false } });
  await complete();
  expect(asked.at(-1)).toBeUndefined();
  const events = JSON.stringify(await db.selectFrom('audit_event').selectAll().execute());
  expect(events).toContain('completeChat');
  expect(events).not.toContain(KEY);
  expect(events).not.toContain('hello');
});

test('what goes wrong in the middle is the last event, and what the address may not be is refused where it is set', async () => {
  const { url } = await startScriptedServer((_request, response) => {
    eventStream(response);
    response.end(`data: ${JSON.stringify({ choices: [{ delta: { content: 'so' } }] })}\n\n`);
  });
  await admin.ask('PUT', PATH, { body: { url, model: 'small' } });
  expect(await complete()).toBe('200 event: text\ndata: {"text":"so"}\n\nevent: failed\ndata: {"code":"upstream.closed","title":"The model stopped in the middle of its answer.","errors":[]}\n\n');
  for (const wrong of ['file:///etc/passwd', 'gopher://x.example', 'https://user:secret@x.example/v1', 'not an address']) {
    expect((await admin.ask('PUT', PATH, { body: { url: wrong, model: 'small' } })).status).toBe(400);
  }
  expect((await admin.ask('PUT', PATH, { body: { url, model: 'small', key: 'two words' } })).status).toBe(400);
});
