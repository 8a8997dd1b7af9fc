import { expect, test } from 'vitest';
import { catalogJsonSchema } from './catalog-document.ts';

test('the shipped JSON Schema of the catalog is the one the code writes by', async () => {
  await expect(`${JSON.stringify(catalogJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../../schema/catalog.schema.json');
});
