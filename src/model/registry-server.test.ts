import { expect, test } from 'vitest';
import { parseConfigDocument } from './config-document.ts';
import { fromForeignConfig } from './foreign-config.ts';

function serversOf(file: object) {
  const foreign = fromForeignConfig(file, 'server.json');
  parseConfigDocument(foreign?.value);
  return { servers: foreign?.value['servers'], warnings: foreign?.warnings };
}

test('a package of the registry becomes a server that is started, with references for what it needs', () => {
  const file = {
    $schema: 'https://static.modelcontextprotocol.io/schemas/2025-10-17/server.schema.json',
    name: 'io.github.example/weather__now',
    description: 'Weather',
    version: '1.2.0',
    packages: [
      {
        registryType: 'npm',
        identifier: '@example/weather',
        version: '1.2.0',
        transport: { type: 'stdio' },
        packageArguments: [
          { type: 'positional', value: 'serve' },
          { type: 'named', name: '--units', default: 'metric' },
          { type: 'named', name: '--city', isRequired: true },
          { type: 'named', name: '--debug' },
        ],
        environmentVariables: [{ name: 'WEATHER_KEY', isRequired: true, isSecret: true }, { name: 'LANGUAGE', default: 'en' }, { name: 'OPTIONAL' }],
      },
    ],
    remotes: [{ type: 'streamable-http', url: 'https://weather.example/mcp' }],
  };
  expect(serversOf(file)).toEqual({
    servers: {
      weather_now: {
        type: 'stdio',
        command: 'npx',
        args: ['-y', '@example/weather@1.2.0', 'serve', '--units', 'metric', '--city', '${CITY}'],
        env: { WEATHER_KEY: '${WEATHER_KEY}', LANGUAGE: '${LANGUAGE:-en}' },
        description: 'Weather',
      },
    },
    warnings: ['server "io.github.example/weather__now" is called "weather_now" here', 'server "weather_now": 1 other ways to run or reach it are not read'],
  });
});

test('options of the runtime stand before an image', () => {
  const file = {
    name: 'a/b',
    packages: [{ registryType: 'oci', identifier: 'ghcr.io/a/b', version: '2', runtimeArguments: [{ type: 'named', name: '-v', value: '{folder}:/data' }] }],
  };
  expect(serversOf(file).servers).toEqual({ b: { type: 'stdio', command: 'docker', args: ['run', '-i', '--rm', '-v', '${FOLDER}:/data', 'ghcr.io/a/b:2'], env: {} } });
});

test('a remote of the registry becomes a server that is dialled', () => {
  const file = { name: 'com.example/search', remotes: [{ type: 'streamable-http', url: 'https://{region}.example/mcp', headers: [{ name: 'Authorization', value: 'Bearer {api_key}', isSecret: true }, { name: 'X-Team', isRequired: true }] }] };
  expect(serversOf(file).servers).toEqual({ search: { type: 'http', url: 'https://${REGION}.example/mcp', headers: { Authorization: 'Bearer ${API_KEY}', 'X-Team': '${SEARCH_X_TEAM}' } } });
});

test('what has neither packages nor remotes is none', () => {
  expect(fromForeignConfig({ name: 'a/b' }, 'server.json')).toBeUndefined();
});
