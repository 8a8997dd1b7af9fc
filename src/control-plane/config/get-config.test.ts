import { expect, test } from 'vitest';
import { startAdmin } from '../../../test/support/start-admin.ts';

test('endpoints and settings are shown as they are now', async () => {
  const admin = await startAdmin({ file: {} });
  const endpoints = await admin.ask('GET', '/api/v1/endpoints');
  const config = await admin.ask('GET', '/api/v1/config');
  await admin.close();

  expect(endpoints.body).toEqual({
    items: [
      {
        name: 'dev',
        namespace: 'dev',
        mcpUrl: 'http://127.0.0.1:12008/metamcp/dev/mcp',
        auth: { apiKey: true, oauth: false, query: false },
        servers: ['files'],
        owner: null,
        managedBy: null,
        version: 1,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
        config: { namespace: 'dev' },
        discovery: { mode: 'full', budgetTokens: 8_000, pins: [] },
        oldestRevision: null,
        collisions: [{ kind: 'tool', exposed: 'search', kept: 'files', hidden: 'web' }],
      },
    ],
    nextCursor: null,
  });
  expect(config.body).toEqual({
    generation: 3,
    document: { servers: {} },
    settings: [{ name: 'port', value: '12008', source: 'default' }],
    warnings: ['a word to the operator'],
  });
});
