import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Fault } from './base/fault.ts';
import { checkListening, describeSettings, isLoopback, readEnvironment, resolveSettings, type SettingInputs } from './config.ts';
import { parseConfigDocument } from './model/config-document.ts';
import { problemsOf } from './model/config-problem.ts';
import { compile } from './snapshot/compile.ts';

function problemsIn(run: () => unknown): [string, string][] {
  try {
    run();
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return problemsOf(thrown).map(({ path, message }) => [path, message]);
  }
}

const from = (inputs: SettingInputs, name: 'host' | 'port' | 'publicUrl' | 'logLevel' | 'production') => {
  const { settings, origins } = resolveSettings(inputs);
  return [settings[name], origins[name]];
};

test('defaults: loopback, port 12008, data beside the start', () => {
  expect(resolveSettings({}).settings).toMatchObject({ host: '127.0.0.1', port: 12008, data: './.metamcp', logLevel: 'errors-only', production: false });
});

test('a flag wins over a variable, a variable over the file, the file over the default', () => {
  const environment = { METAMCP_PORT: '2' };
  const file = { port: 3 };
  expect(from({ flags: { port: '1' }, environment, file }, 'port')).toEqual([1, '--port']);
  expect(from({ flags: { port: undefined }, environment, file }, 'port')).toEqual([2, 'METAMCP_PORT']);
  expect(from({ environment: { METAMCP_PORT: '' }, file }, 'port')).toEqual([3, 'file']);
  expect(from({}, 'port')).toEqual([12008, 'default']);
});

test.each([
  ['https://a.example', ['https://a.example']],
  ['https://a.example, http://b.example:8080', ['https://a.example', 'http://b.example:8080']],
])('public addresses are a list: %s', (text, expected) => {
  expect(from({ environment: { METAMCP_PUBLIC_URL: text } }, 'publicUrl')).toEqual([expected, 'METAMCP_PUBLIC_URL']);
  expect(from({ environment: { APP_URL: text } }, 'publicUrl')).toEqual([expected, 'APP_URL']);
});

test.each([['true', true], ['1', true], ['on', true], ['no', false], ['FALSE', false]])('a switch reads %s as %s', (text, expected) => {
  expect(from({ environment: { METAMCP_PRODUCTION: text } }, 'production')[0]).toBe(expected);
});

test('an invalid log level is errors-only, with a warning', () => {
  const resolved = resolveSettings({ environment: { LOG_LEVEL: 'loud' } });
  expect(resolved.settings.logLevel).toBe('errors-only');
  expect(resolved.warnings).toEqual(['LOG_LEVEL: expected one of all, info, errors-only, none; errors-only is used']);
});

test('every problem is told at once, each with where its value came from', () => {
  const inputs = { flags: { port: '70000' }, environment: { METAMCP_PRODUCTION: 'maybe', METAMCP_PUBLIC_URL: 'a.example', METAMCP_TRUSTED_PROXIES: '10.0.0.0/8,me' }, file: { sessionsMax: 0 } };
  expect(problemsIn(() => resolveSettings(inputs)).map(([path]) => path)).toEqual(['--port', 'METAMCP_PUBLIC_URL', 'METAMCP_TRUSTED_PROXIES', 'METAMCP_PRODUCTION', 'settings.sessionsMax']);
});

test('a mistyped variable is warned of with the nearest known name', () => {
  expect(resolveSettings({ environment: { METAMCP_PROT: '1', METAMCP_KEY: 'x' } }).warnings).toEqual(['METAMCP_PROT is not read; the nearest known name is METAMCP_PORT']);
});

test('every effective value is described with its origin', () => {
  const rows = describeSettings(resolveSettings({ flags: { host: '::1' }, environment: { METAMCP_DATA: 'postgres://me:hunter2@db/x' } }));
  expect(rows).toContainEqual({ name: 'host', value: '::1', from: '--host' });
  expect(rows).toContainEqual({ name: 'port', value: '12008', from: 'default' });
  expect(rows).toContainEqual({ name: 'data', value: 'postgres://…@db/x', from: 'METAMCP_DATA' });
});

test('settings of the file are checked with the file, unknown ones refused', () => {
  expect(parseConfigDocument({ settings: { port: 8080 } }).settings).toEqual({ port: 8080 });
  expect(problemsIn(() => parseConfigDocument({ settings: { prot: 1 } }))).toEqual([['settings.prot', 'unknown key; the nearest known name is "port"']]);
});

test('listening beyond loopback is refused while an endpoint asks for nothing', () => {
  const document = parseConfigDocument({ namespaces: { n: {} }, endpoints: { open: { namespace: 'n', auth: { apiKey: false } }, closed: { namespace: 'n' } } });
  const snapshot = compile(document, { generation: 1, digest: (text) => text, keyDigest: (value) => value, findCommand: () => undefined });
  const check = (host: string, more: object = {}) => problemsIn(() => checkListening(resolveSettings({ flags: { host, ...more } }).settings, snapshot)).map(([path]) => path);
  expect(check('0.0.0.0')).toEqual(['endpoints.open.auth']);
  expect(check('127.0.0.1')).toEqual([]);
  // The listener of the admin API has the endpoints too.
  expect(check('127.0.0.1', { 'admin-host': '0.0.0.0', 'admin-port': 1 })).toEqual(['endpoints.open.auth']);
  expect(check('127.0.0.1', { 'admin-host': '0.0.0.0' })).toEqual([]);
});

test.each([['localhost', true], ['127.1.2.3', true], ['::1', true], ['0.0.0.0', false], ['127.0.0.1.evil.example', false], ['::', false]])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test('an environment file fills in what the environment does not set, and must be readable', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'env-file-'));
  try {
    await writeFile(join(folder, '.env'), 'CONFIG_TEST_ONLY="from file"\nPATH=/nowhere\n');
    const environment = readEnvironment(join(folder, '.env'));
    expect(environment['CONFIG_TEST_ONLY']).toBe('from file');
    expect(environment['PATH']).not.toBe('/nowhere');
    expect(problemsIn(() => readEnvironment(join(folder, 'absent')))[0]?.[1]).toContain('cannot be read (ENOENT)');
  } finally {
    await rm(folder, { recursive: true });
  }
});
