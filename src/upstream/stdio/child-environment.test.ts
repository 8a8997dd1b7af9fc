import { expect, test } from 'vitest';
import { Fault } from '../../base/fault.ts';
import { childEnvironment } from './child-environment.ts';

const environment = {
  PATH: '/bin',
  HOME: '/home/a',
  LC_ALL: 'C.UTF-8',
  HTTPS_PROXY: 'http://proxy:3128',
  no_proxy: 'localhost',
  NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
  NODE_OPTIONS: '--require /tmp/x.js',
  LD_PRELOAD: '/tmp/x.so',
  AWS_SECRET_ACCESS_KEY: 'aws',
  GITHUB_TOKEN: 'gh',
  METAMCP_TOKEN: 'operator',
  METAMCP_SECRET_KEY: 'sealing',
  OIDC_CLIENT_SECRET: 'oidc',
  UNSET: undefined,
};
const values = (text: string): string => text.replace('${DB}', 'postgres://');

test('[ST-05] a server inherits the safe list and nothing else', () => {
  expect(childEnvironment({ name: 's', env: {}, inheritEnv: [] }, { environment, values, platform: 'linux' })).toEqual({
    PATH: '/bin',
    HOME: '/home/a',
    LC_ALL: 'C.UTF-8',
    HTTPS_PROXY: 'http://proxy:3128',
    no_proxy: 'localhost',
    NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
  });
});

test('[ST-05] what the operator configured is added, and wins', () => {
  const child = childEnvironment({ name: 's', env: { HOME: '/srv', NODE_OPTIONS: '--no-warnings', DB_URL: '${DB}' }, inheritEnv: ['GITHUB_TOKEN', 'UNSET'] }, { environment, values, platform: 'linux' });
  expect(child).toMatchObject({ HOME: '/srv', NODE_OPTIONS: '--no-warnings', DB_URL: 'postgres://', GITHUB_TOKEN: 'gh' });
  expect(child).not.toHaveProperty('UNSET');
  expect(child).not.toHaveProperty('AWS_SECRET_ACCESS_KEY');
});

test.each(['METAMCP_TOKEN', 'METAMCP_SECRET_KEY', 'OIDC_CLIENT_SECRET'])('[ST-05] %s is the gateway\'s own and cannot be inherited', (name) => {
  expect(() => childEnvironment({ name: 's', env: {}, inheritEnv: [name] }, { environment, values, platform: 'linux' })).toThrow(Fault);
});

test('on Windows names are the same in any case, and what programs need to start is inherited', () => {
  const windows = { Path: 'C:\\bin', SystemRoot: 'C:\\Windows', ComSpec: 'cmd.exe', Secret: 'x' };
  expect(childEnvironment({ name: 's', env: { PATH: 'D:\\bin' }, inheritEnv: [] }, { environment: windows, values, platform: 'win32' })).toEqual({
    PATH: 'D:\\bin',
    SystemRoot: 'C:\\Windows',
    ComSpec: 'cmd.exe',
  });
});

test('a placeholder without a value refuses the start', () => {
  const missing = (): string => {
    throw new Fault('config.value_missing');
  };
  expect(() => childEnvironment({ name: 's', env: { A: '${NONE}' }, inheritEnv: [] }, { environment, values: missing, platform: 'linux' })).toThrow(expect.objectContaining({ code: 'config.value_missing' }));
});
