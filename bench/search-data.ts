/**
 * Search data from a folder: `tools.jsonl`, lines of {id, server, name, description, inputSchema, serverDescription}, and
 * `queries.jsonl`, lines of {query, groups: [[id, …], …], kind}: each group is one need, met by any of its ids.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { JsonObject } from '../src/protocol/messages.ts';
import { type ListedTool, type SearchableServer, toSearchableServers } from '../src/search/searchable-tool.ts';

const ToolLineSchema = z.object({
  id: z.string(),
  server: z.string(),
  name: z.string(),
  description: z.string().default(''),
  inputSchema: z.record(z.string(), z.json()).default({}),
  serverDescription: z.string().default(''),
});
const QueryLineSchema = z.object({ query: z.string(), groups: z.array(z.array(z.string())), kind: z.string().default('') });

export type ToolLine = z.infer<typeof ToolLineSchema>;
export type QueryLine = z.infer<typeof QueryLineSchema>;

export function readTools(folder: string): Promise<readonly ToolLine[]> {
  return readLines(join(folder, 'tools.jsonl'), ToolLineSchema);
}

export function readQueries(folder: string): Promise<readonly QueryLine[]> {
  return readLines(join(folder, 'queries.jsonl'), QueryLineSchema);
}

export function toServers(lines: readonly ToolLine[]): readonly SearchableServer[] {
  const descriptions = new Map(lines.map(({ server, serverDescription }) => [server, serverDescription]));
  const listed = lines.map(({ id, server, name, description, inputSchema }): ListedTool => {
    const definition: JsonObject = { name: id, description, inputSchema };
    return { exposed: id, own: name, member: { server, as: server }, definition };
  });
  return toSearchableServers(listed, { descriptionOf: (server) => descriptions.get(server) ?? '', keywordsOf: () => [] });
}

async function readLines<T>(path: string, schema: z.ZodType<T>): Promise<readonly T[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => schema.parse(JSON.parse(line)));
}
