import { expect, test } from 'vitest';
import type { PolicyFacts } from '../model/policy.ts';
import { PolicyConfigSchema } from '../model/policy-config.ts';
import { compilePolicy } from './compile-policy.ts';
import { evaluate } from './evaluate.ts';
import { describeTemplates } from './templates.ts';

const facts: PolicyFacts = {
  principal: { kind: 'key', id: 'key:k', name: 'laptop', labels: { agent: 'coder' } },
  endpoint: 'main',
  namespace: 'main',
  server: 'shop',
  primitive: 'tool',
  name: 'refund',
  method: 'tools/call',
  risk: 'write',
  arguments: {},
  atMs: Date.UTC(2026, 0, 5, 12),
};

function compiled(use: string, parameters: object) {
  return compilePolicy({ policies: [{ name: 'p', config: PolicyConfigSchema.parse({ use, with: parameters }) }], fallback: 'allow', risks: {} });
}

function decide(use: string, parameters: object, changes: Partial<PolicyFacts> = {}): string {
  const result = compiled(use, parameters);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  const { effect, rule } = evaluate(result.policy, { ...facts, ...changes });
  return `${effect} ${rule}`;
}

test('read-only-agent: the named ones only read, others are left alone', () => {
  const parameters = { who: { labels: { agent: ['coder'] } } };
  expect(decide('read-only-agent', parameters)).toBe('deny p/only-reads');
  expect(decide('read-only-agent', parameters, { risk: 'read-only' })).toBe('allow default');
  expect(decide('read-only-agent', parameters, { principal: { kind: 'key', id: 'x', name: 'x' } })).toBe('allow default');
});

test('business-hours: nothing outside of them', () => {
  const parameters = { hours: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00', timezone: 'Europe/Berlin' } };
  expect(decide('business-hours', parameters)).toBe('allow default');
  expect(decide('business-hours', parameters, { atMs: Date.UTC(2026, 0, 4, 12) })).toBe('deny p/outside-hours');
});

test('tools-per-agent: each its own set, everything else closed', () => {
  const parameters = { agents: [{ who: { labels: { agent: ['coder'] } }, servers: ['shop'], names: ['get_*'] }] };
  expect(decide('tools-per-agent', parameters, { name: 'get_order' })).toBe('allow p/agent-0');
  expect(decide('tools-per-agent', parameters)).toBe('deny default');
});

test('argument-bounds: outside is denied, absent is fine unless required', () => {
  const parameters = { names: ['refund'], bounds: [{ at: '/amount', max: 100 }] };
  expect(decide('argument-bounds', parameters, { arguments: { amount: 100 } })).toBe('allow default');
  expect(decide('argument-bounds', parameters, { arguments: { amount: 101 } })).toBe('deny p/bound-0');
  expect(decide('argument-bounds', parameters, { arguments: { amount: '1' } })).toBe('deny p/bound-0');
  expect(decide('argument-bounds', parameters)).toBe('allow default');
  expect(decide('argument-bounds', { ...parameters, required: true })).toBe('deny p/bound-0');
});

test('approve-destructive: a person first', () => {
  expect(decide('approve-destructive', {}, { risk: 'destructive' })).toBe('approve p/ask-first');
  expect(decide('approve-destructive', {})).toBe('allow default');
});

test('a template that is unknown or whose parameters do not fit is a problem of the policy', () => {
  expect(compiled('read-only', {})).toMatchObject({ problems: [{ policy: 'p', path: ['use'], message: expect.stringContaining('read-only-agent') }] });
  expect(compiled('business-hours', { hours: { timezone: 'Moon' } })).toMatchObject({ problems: [{ message: expect.stringContaining('hours.timezone') }] });
});

test('every template describes itself as data', () => {
  const described = describeTemplates();
  expect(described.map((template) => template.name)).toEqual([
    'read-only-agent',
    'business-hours',
    'tools-per-agent',
    'argument-bounds',
    'approve-destructive',
  ]);
  for (const template of described) expect(template.parameters).toMatchObject({ type: 'object', properties: expect.anything() });
});
