/** Random configurations that are valid, for property tests. */
import fc from 'fast-check';
import type { ConfigInput } from '../../src/model/config-document.ts';

const serverName = fc.stringMatching(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?$/);
const freeText = fc.string({ maxLength: 20 });

const stdio = fc.record(
  {
    type: fc.constantFrom('stdio' as const, 'std' as const),
    command: fc.constantFrom('npx', './server', '/usr/bin/python3'),
    args: fc.array(freeText, { maxLength: 3 }),
    env: fc.dictionary(fc.constantFrom('A', 'B_1', 'PORT'), fc.oneof(freeText, fc.integer(), fc.boolean()), { maxKeys: 3 }),
    inheritEnv: fc.array(fc.constantFrom('TOKEN_A', 'HOME'), { maxLength: 2 }),
    idleConnections: fc.integer({ min: 0, max: 5 }),
    startTimeoutMs: fc.integer({ min: 1, max: 10 ** 12 }),
    disabled: fc.boolean(),
    description: freeText,
  },
  { requiredKeys: ['command'] },
);

const remote = fc.record(
  {
    type: fc.constantFrom('http' as const, 'sse' as const, 'streamable-http' as const),
    url: fc.constantFrom('https://a.example/mcp', 'http://127.0.0.1:8080/sse', '${BASE}/mcp'),
    headers: fc.dictionary(fc.constantFrom('X-One', 'X-Two'), freeText, { maxKeys: 2 }),
    bearerToken: fc.constant('${TOKEN}'),
    isolation: fc.constantFrom('auto' as const, 'shared' as const, 'per-session' as const),
    required: fc.boolean(),
  },
  { requiredKeys: ['url'] },
);

const servers = fc.dictionary(serverName, fc.oneof(stdio, remote), { minKeys: 1, maxKeys: 4, noNullPrototype: true });

/** Servers, one namespace with all of them (some renamed, with overrides), one endpoint, one key that is stored elsewhere. */
export const arbitraryConfig: fc.Arbitrary<ConfigInput> = servers.chain((all) => {
  const names = Object.keys(all);
  const members = names.map((name, index) => (index % 2 === 0 ? name : { server: name, as: `${name}-x` }));
  return fc
    .record({
      prefix: fc.constantFrom('server' as const, 'none' as const),
      separator: fc.constantFrom('__' as const, '.' as const),
      own: fc.uniqueArray(fc.stringMatching(/^[a-z_]{1,8}$/), { maxLength: 3 }),
      isEnabled: fc.boolean(),
      apiKey: fc.boolean(),
    })
    .map(({ prefix, separator, own, isEnabled, apiKey }) => ({
      servers: all,
      namespaces: {
        main: {
          servers: members,
          names: { prefix, separator },
          tools: Object.fromEntries(own.map((name) => [`${names[0]}__${name}`, { enabled: isEnabled, description: name }])),
        },
      },
      endpoints: { main: { namespace: 'main', auth: { apiKey }, limits: [{ scope: 'client' as const, by: 'ip' as const, max: 5, seconds: 60 }] } },
      keys: { stored: { endpoints: ['main'] } },
    }));
});
