import { expect, test } from 'vitest';
import { readParameters, type TemplateData, TemplateSchema } from './template.ts';

const template: TemplateData = TemplateSchema.parse({
  name: 'sample',
  title: 'Sample',
  description: 'For tests.',
  version: '1.0.0',
  capabilities: [],
  file: 'sample.ts',
  stateless: true,
  egress: 'none',
  files: 'none',
  parameters: {
    word: { type: 'string', description: 'w', pattern: '^[a-z]+$', default: 'hello' },
    free: { type: 'string', description: 'f' },
    count: { type: 'integer', description: 'c', minimum: 1, maximum: 9 },
    flag: { type: 'boolean', description: 'f' },
    address: { type: 'url', description: 'a' },
    place: { type: 'folder', description: 'p' },
    key: { type: 'secret', description: 'k' },
  },
});

test('values are taken as they are, and defaults filled in', () => {
  const given = { free: 'a b; $(x)', count: 3, flag: true, address: 'https://example.com/x', place: '/srv', key: '${secret:KEY}' };
  expect(readParameters(template, given)).toEqual({ values: { word: 'hello', ...given }, problems: [] });
});

test.each([
  ['word', 'two words'],
  ['word', 'a\nb'],
  ['word', 3],
  ['free', '-rf'],
  ['free', '--import=x'],
  ['free', 'x'.repeat(257)],
  ['free', 'a\0b'],
  ['free', 'a\r\nb'],
  ['free', ['a']],
  ['free', { a: 1 }],
  ['count', 0],
  ['count', 10],
  ['count', 1.5],
  ['count', '3'],
  ['flag', 'true'],
  ['address', 'file:///etc/passwd'],
  ['address', 'javascript:x'],
  ['address', 'https://user:pw@example.com'],
  ['address', '//example.com'],
  ['place', 'relative'],
  ['place', '../up'],
  ['place', '-x'],
  ['key', '-k'],
  ['command', 'sh'],
  ['args', ['x']],
  ['cwd', '/'],
  ['env', { NODE_OPTIONS: 'x' }],
  ['__proto__', 'x'],
  ['constructor', 'x'],
])('[ST-04] the parameter %s with %j is refused', (name, value) => {
  const given = Object.fromEntries([[name, value]]);
  expect(readParameters(template, given).problems).toHaveLength(1);
});

test.each(['../evil.ts', '/etc/evil.mjs', 'a/b.ts', 'evil.sh', '.ts', 'evil', 'evil.ts\0'])('a template cannot name the file %j', (file) => {
  expect(TemplateSchema.safeParse({ ...template, file }).success).toBe(false);
});

test('a pattern is anchored, or the template is refused', () => {
  expect(TemplateSchema.safeParse({ ...template, parameters: { a: { type: 'string', description: 'a', pattern: '[a-z]' } } }).success).toBe(false);
});
