import { expect, test } from 'vitest';
import { startAdmin } from '../../../test/support/start-admin.ts';

type Told = { readonly event: string; readonly data: unknown };

/** Reads a stream until `enough` says so; what was told, in order. */
async function readUntil(response: Response, enough: (told: readonly Told[]) => boolean): Promise<Told[]> {
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error('no stream');
  const told: Told[] = [];
  let rest = '';
  const decoder = new TextDecoder();
  while (!enough(told)) {
    const { value, done } = await reader.read();
    if (done) break;
    const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = /^event: (.+)$/m.exec(block)?.[1];
      const data = /^data: (.+)$/m.exec(block)?.[1];
      if (event !== undefined) told.push({ event, data: JSON.parse(data ?? 'null') });
    }
  }
  await reader.cancel();
  return told;
}

test('whoever watches is told which object changed and to which version, and that a noun without versions changed', async () => {
  const admin = await startAdmin();
  const stream = await fetch(`${admin.url}/api/v1/events`, { headers: { authorization: `Bearer ${admin.token}` } });
  expect([stream.status, stream.headers.get('content-type'), stream.headers.get('cache-control')]).toEqual([200, 'text/event-stream; charset=utf-8', 'no-store']);
  await admin.ask('PATCH', '/api/v1/servers/files', { body: { config: { description: 'new' } } });
  await admin.ask('POST', '/api/v1/keys', { body: { name: 'ci' } });
  const told = await readUntil(stream, (all) => all.some(({ data }) => (data as { noun: string }).noun === 'keys'));
  expect(told).toContainEqual({ event: 'changed', data: { noun: 'servers', name: 'files', version: 2 } });
  expect(told).toContainEqual({ event: 'changed', data: { noun: 'config', generation: expect.any(Number) } });
  expect(told).toContainEqual({ event: 'changed', data: { noun: 'keys' } });
  await admin.close();
});

test('a browser that comes back is told to read everything again', async () => {
  const admin = await startAdmin();
  const stream = await fetch(`${admin.url}/api/v1/events`, { headers: { authorization: `Bearer ${admin.token}`, 'last-event-id': '7' } });
  expect(await readUntil(stream, (told) => told.length > 0)).toEqual([{ event: 'resumed', data: {} }]);
  await admin.close();
});

test('nobody watches without a credential', async () => {
  const admin = await startAdmin();
  const refused = await fetch(`${admin.url}/api/v1/events`);
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([401, 'auth.credential_missing']);
  await admin.close();
});
