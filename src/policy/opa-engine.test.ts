import { expect, test } from 'vitest';
import type { PolicyFacts } from '../model/policy.ts';
import { createOpaEngine, OPA_TIMEOUT_MS, type PostJson } from './opa-engine.ts';

const facts: PolicyFacts = {
  principal: { kind: 'key', id: 'key:k', name: 'laptop', labels: { agent: 'coder' } },
  endpoint: 'main',
  namespace: 'main',
  server: 'files',
  primitive: 'tool',
  name: 'read',
  method: 'tools/call',
  risk: 'read-only',
  arguments: { path: '/tmp' },
  atMs: 0,
};

function engine(post: PostJson) {
  return createOpaEngine({ url: 'http://opa.example:8181/', path: 'metamcp/decision', post });
}

function answering(answer: unknown, status = 200) {
  return engine(() => Promise.resolve({ status, body: typeof answer === 'string' ? answer : JSON.stringify(answer) })).decide(facts);
}

test('the facts are the input of one POST, under the deadline', async () => {
  const sent: unknown[] = [];
  await engine((url, body, timeoutMs) => {
    sent.push(url, JSON.parse(body), timeoutMs);
    return Promise.resolve({ status: 200, body: '{"result":true}' });
  }).decide(facts);
  expect(sent).toEqual(['http://opa.example:8181/v1/data/metamcp/decision', { input: facts }, OPA_TIMEOUT_MS]);
  expect(OPA_TIMEOUT_MS).toBe(50);
});

test('a boolean or an object decides, and the decision id is kept', async () => {
  expect(await answering({ result: true, decision_id: 'd-1' })).toMatchObject({ effect: 'allow', isAllowed: true, decisionId: 'd-1' });
  expect(await answering({ result: false, decision_id: 'd-2' })).toMatchObject({ effect: 'deny', rule: 'opa', decisionId: 'd-2' });
  expect(await answering({ result: { effect: 'approve', rule: 'ask', reason: 'big' } })).toMatchObject({
    effect: 'approve',
    rule: 'ask',
    reason: 'big',
    isAllowed: false,
  });
  expect(await answering({ result: { allow: true } })).toMatchObject({ effect: 'allow' });
});

test.each([
  ['an undefined document', {}, 200],
  ['an empty object', { result: {} }, 200],
  ['a contradiction', { result: { effect: 'deny', allow: true } }, 200],
  ['an unknown effect', { result: { effect: 'maybe' } }, 200],
  ['a text', { result: 'true' }, 200],
  ['a number', { result: 1 }, 200],
  ['no JSON', 'true', 200],
  ['broken JSON', '{"result":true', 200],
  ['a server error that says yes', { result: true }, 500],
  ['a page', '<html>', 200],
])('%s denies', async (_, answer, status) => {
  expect(await answering(answer, status)).toMatchObject({ effect: 'deny', isAllowed: false });
});

test('[AZ-11] an engine that is down or late denies', async () => {
  expect(await engine(() => Promise.reject(new Error('timeout'))).decide(facts)).toMatchObject({ effect: 'deny', rule: 'error:opa_unreachable' });
  expect(
    await engine(() => {
      throw new Error('bug');
    }).decide(facts),
  ).toMatchObject({ effect: 'deny' });
});

test('claimed labels are asked about beside the proven ones; the stricter answer and its id hold', async () => {
  const asked: (string | undefined)[] = [];
  const careful = engine((_url, body) => {
    const { input } = JSON.parse(body) as { input: PolicyFacts };
    const agent = input.principal.labels?.agent;
    asked.push(agent);
    return Promise.resolve({ status: 200, body: JSON.stringify({ result: agent !== 'intern', decision_id: `for-${agent}` }) });
  });
  expect(await careful.decide({ ...facts, claimed: { agent: 'intern' } })).toMatchObject({ effect: 'deny', decisionId: 'for-intern' });
  expect(asked).toEqual(['coder', 'intern']);
  const strictAtHome = engine((_url, body) =>
    Promise.resolve({
      status: 200,
      body: JSON.stringify({ result: body.includes('"intern"'), decision_id: body.includes('"intern"') ? 'claimed' : 'proven' }),
    }),
  );
  expect(await strictAtHome.decide({ ...facts, claimed: { agent: 'intern' } })).toMatchObject({ effect: 'deny', decisionId: 'proven' });
});
