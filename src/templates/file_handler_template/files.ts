/** Files below one folder; every path is confined (see confined-files.ts). */
import type { JsonObject } from '../../protocol/messages.ts';
import { objectSchema, READ_ONLY, type Tool } from '../../serving/tool.ts';
import type { CreateTools } from '../template-tools.ts';

const path = { type: 'string', minLength: 1, maxLength: 4_096, description: 'Below the folder of this server' } as const;
const done = objectSchema({ path: { type: 'string' }, bytes: { type: 'integer' } });
const WRITES = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false } as const;

export const createTools: CreateTools = ({ files }) => [
  tool('read_file', 'The text of a file.', objectSchema({ path }), {
    outputSchema: objectSchema({ result: { type: 'string' } }),
    annotations: READ_ONLY,
    run: async (given) => ({ result: (await files.read(String(given['path']))).toString('utf8') }),
  }),
  tool('write_file', 'Writes a text file, in place of what was there. Makes folders on the way.', objectSchema({ path, content: { type: 'string' } }), {
    outputSchema: done,
    annotations: WRITES,
    run: async (given) => {
      await files.write(String(given['path']), String(given['content']));
      return { path: given['path'], bytes: Buffer.byteLength(String(given['content'])) };
    },
  }),
  tool('list_files', 'What lies in a folder.', objectSchema({ path: { ...path, default: '.' } }, []), {
    outputSchema: objectSchema({ files: { type: 'array', items: { type: 'object' } } }),
    annotations: READ_ONLY,
    run: async (given) => ({ files: (await files.list(String(given['path']))).map((file) => ({ ...file })) }),
  }),
  tool('delete_file', 'Removes a file.', objectSchema({ path }), {
    outputSchema: objectSchema({ path: { type: 'string' } }),
    annotations: WRITES,
    run: async (given) => {
      await files.remove(String(given['path']));
      return { path: given['path'] };
    },
  }),
];

function tool(name: string, description: string, inputSchema: JsonObject, rest: Pick<Tool, 'outputSchema' | 'annotations' | 'run'>): Tool {
  return { name, title: name.replaceAll('_', ' '), description, inputSchema, ...rest };
}
