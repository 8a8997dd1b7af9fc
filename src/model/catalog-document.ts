/** What a caller sees at an endpoint, as one document; its JSON Schema ships as schema/catalog.schema.json. */
import { z } from 'zod';

const DefinitionSchema = z.record(z.string(), z.unknown());

export const CatalogDocumentSchema = z.object({
  endpoint: z.string(),
  description: z.string().describe('Of the namespace that is offered.'),
  tools: z.array(DefinitionSchema).describe('As tools/list shows them, under their exposed names.'),
  prompts: z.array(DefinitionSchema).describe('As prompts/list shows them.'),
  resources: z.array(DefinitionSchema).describe('As resources/list shows them.'),
  resourceTemplates: z.array(DefinitionSchema).describe('As resources/templates/list shows them.'),
  incomplete: z
    .array(z.object({ server: z.string().describe('Under the name that clients see.'), state: z.string().describe('Why its part is missing, or that it is stale.') }))
    .describe('Servers whose part is missing or old; empty where nothing is.'),
});

export type CatalogDocument = z.infer<typeof CatalogDocumentSchema>;

export function catalogJsonSchema(): object {
  return { title: 'Catalog of a MetaMCP endpoint', ...z.toJSONSchema(CatalogDocumentSchema) };
}
