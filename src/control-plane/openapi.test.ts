import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startAdmin } from '../../test/support/start-admin.ts';
import { GetOpenApi } from '../contract/health.ts';
import { toOpenApi } from './openapi.ts';
import { OPERATIONS } from './operations.ts';

const operations = [...OPERATIONS.map((bound) => bound.operation), GetOpenApi];
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

test('the OpenAPI document is the one that was agreed on', async () => {
  await expect(`${JSON.stringify(toOpenApi(operations, version), null, 2)}\n`).toMatchFileSnapshot('../../docs/admin-api.json');
});

test('[TN-07] every operation is in it, under its own id, with what it takes to be let in', () => {
  const document = JSON.parse(JSON.stringify(toOpenApi(operations, version)));
  for (const { id, method, path, access } of operations) {
    expect(document.paths[path][method.toLowerCase()]).toMatchObject({ operationId: id, security: access === 'public' ? [] : [{ operatorToken: [] }, { signIn: [] }] });
  }
});

test('anyone may read it at its address', async () => {
  const admin = await startAdmin();
  const answer = await admin.ask('GET', '/api/v1/openapi.json', { credential: null });
  await admin.close();
  expect(answer.body).toEqual(JSON.parse(JSON.stringify(toOpenApi(operations, '1.2.3'))));
});
