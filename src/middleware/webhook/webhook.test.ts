import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { CallContext, CallOutcome, MiddlewareServices } from '../../model/middleware.ts';
import { RawObject } from '../../protocol/envelope.ts';
import { fromHooks } from '../manifest.ts';
import { webhook } from './webhook.ts';

function run(answer: () => Promise<string>, more: { hooks?: ('call' | 'result')[]; mode?: 'open' | 'closed'; timeoutMs?: number } = {}) {
  const asked: unknown[] = [];
  const failed: string[] = [];
  const post: MiddlewareServices['post'] = (url, { body }) => {
    asked.push([url, JSON.parse(body)]);
    return answer();
  };
  const options = webhook.options.parse({ url: 'https://guard.example/hook', ...(more.hooks && { hooks: more.hooks }), ...(more.timeoutMs && { timeoutMs: more.timeoutMs }) });
  const step = fromHooks(webhook, webhook.create(options), more.mode ?? 'closed');
  const context: CallContext = { method: 'tools/call', server: 'files', own: 'read', principal: 'ann', services: { clock: systemClock, post, failed: (_, __, detail) => void failed.push(detail) } };
  let sent: unknown;
  const next = (params: object): Promise<CallOutcome> => {
    sent = params;
    return Promise.resolve({ kind: 'result', result: RawObject.of({ content: [] }) });
  };
  const outcome = step?.({ name: 'read', arguments: { a: 1 } }, next, context);
  return { asked, failed, outcome, sent: () => sent };
}

test('the service sees the call and may change its arguments or answer it', async () => {
  const changed = run(() => Promise.resolve('{"params":{"name":"read","arguments":{"a":2}}}'));
  await changed.outcome;
  expect(changed.asked).toEqual([['https://guard.example/hook', { version: 1, hook: 'call', call: { method: 'tools/call', server: 'files', name: 'read', principal: 'ann' }, params: { name: 'read', arguments: { a: 1 } } }]]);
  expect(changed.sent()).toEqual({ name: 'read', arguments: { a: 2 } });
  const answered = run(() => Promise.resolve('{"result":{"content":[{"type":"text","text":"no"}]}}'));
  expect((await answered.outcome)?.kind).toBe('result');
  expect(answered.sent()).toBeUndefined();
});

test('a refusal of the service holds in either mode', async () => {
  for (const mode of ['open', 'closed'] as const) await expect(run(() => Promise.resolve('{"refuse":"not on Sundays"}'), { mode }).outcome).rejects.toMatchObject({ code: 'policy.denied' });
});

test.each([
  ['is away', () => Promise.reject(new Error('connection refused'))],
  ['answers no JSON', () => Promise.resolve('<html>')],
  ['answers no object', () => Promise.resolve('[]')],
  ['is late', () => new Promise<string>(() => undefined)],
])('where the service %s, the declared mode decides', async (_, answer) => {
  await expect(run(answer, { timeoutMs: 20 }).outcome).rejects.toMatchObject({ code: 'gateway.bug', reason: 'middleware_failed' });
  const open = run(answer, { mode: 'open', timeoutMs: 20 });
  expect((await open.outcome)?.kind).toBe('result');
  expect(open.failed).toHaveLength(1);
});
