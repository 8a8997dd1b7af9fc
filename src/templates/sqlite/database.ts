/**
 * One SQLite database. `query` cannot write: it runs with `query_only`. Neither tool reaches another file: what could
 * (ATTACH, VACUUM INTO, PRAGMA) is a statement of its own, and only one statement of a known kind is run.
 */
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { JsonObject, JsonValue } from '../../protocol/messages.ts';
import { objectSchema, READ_ONLY, type Tool, ToolRefusal } from '../../serving/tool.ts';
import type { CreateTools } from '../template-tools.ts';

const FILE = 'database.sqlite';
const ROWS_MAX = 1_000;
const READS = ['select', 'with', 'values', 'explain'];
const CHANGES = ['insert', 'update', 'delete', 'replace', 'with', 'create', 'drop', 'alter', 'reindex', 'analyze'];
const sql = { type: 'string', minLength: 1, maxLength: 100_000 } as const;
const values = { type: 'array', items: { type: ['string', 'number', 'null', 'boolean'] }, default: [], description: 'For the question marks of the statement' } as const;

export const createTools: CreateTools = ({ parameters }) => {
  const folder = parameters['base_dir'];
  const database = new DatabaseSync(typeof folder === 'string' ? join(folder, FILE) : ':memory:', { enableForeignKeyConstraints: true, allowExtension: false });
  return [
    tool('query', `Reads with one SELECT; at most ${ROWS_MAX} rows.`, objectSchema({ sql, values }, ['sql']), {
      outputSchema: objectSchema({ rows: { type: 'array', items: { type: 'object' } }, is_cut: { type: 'boolean' } }),
      annotations: READ_ONLY,
      run: (given) => {
        const rows = reading(database, () => rowsOf(database, { ...given, sql: ofKind(given['sql'], READS) }));
        return { rows: rows.slice(0, ROWS_MAX), is_cut: rows.length > ROWS_MAX };
      },
    }),
    tool('execute', 'Runs one statement that changes something: INSERT, UPDATE, DELETE, CREATE and the like.', objectSchema({ sql, values }, ['sql']), {
      outputSchema: objectSchema({ changes: { type: 'integer' }, last_insert_rowid: { type: 'integer' } }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
      run: (given) => {
        if (parameters['read_only'] === true) throw new ToolRefusal('This database is read only');
        return saying(() => {
          const { changes, lastInsertRowid } = database.prepare(ofKind(given['sql'], CHANGES)).run(...valuesOf(given));
          return { changes: Number(changes), last_insert_rowid: Number(lastInsertRowid) };
        });
      },
    }),
    tool('list_tables', 'Tables and views.', objectSchema({}), {
      outputSchema: objectSchema({ tables: { type: 'array', items: { type: 'string' } } }),
      annotations: READ_ONLY,
      run: () => ({ tables: database.prepare("select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by name").all().map((row) => String(row['name'])) }),
    }),
    tool('describe_table', 'Columns of a table.', objectSchema({ table: { type: 'string', minLength: 1, maxLength: 200 } }), {
      outputSchema: objectSchema({ columns: { type: 'array', items: { type: 'object' } } }),
      annotations: READ_ONLY,
      run: (given) => ({ columns: database.prepare('select name, type, "notnull" as is_required, pk as key_position from pragma_table_info(?)').all(String(given['table'])).map(toJson) }),
    }),
  ];
};

function tool(name: string, description: string, inputSchema: JsonObject, rest: Pick<Tool, 'outputSchema' | 'annotations' | 'run'>): Tool {
  return { name, title: name.replaceAll('_', ' '), description, inputSchema, ...rest };
}

/** The statement, where its first word is one of these; comments may stand before it. */
function ofKind(given: JsonValue | undefined, words: readonly string[]): string {
  const text = String(given);
  const [, first = ''] = /^(?:\s|--[^\n]*\n|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*([A-Za-z]*)/.exec(text) ?? [];
  if (!words.includes(first.toLowerCase())) throw new ToolRefusal(`The statement must begin with one of ${words.join(', ')}`);
  return text;
}

function reading<Result>(database: DatabaseSync, read: () => Result): Result {
  database.exec('pragma query_only = on');
  try {
    return saying(read);
  } finally {
    database.exec('pragma query_only = off');
  }
}

function rowsOf(database: DatabaseSync, given: JsonObject): JsonObject[] {
  const rows: JsonObject[] = [];
  for (const row of database.prepare(String(given['sql'])).iterate(...valuesOf(given))) {
    rows.push(toJson(row));
    if (rows.length > ROWS_MAX) break;
  }
  return rows;
}

function valuesOf(given: JsonObject): SQLInputValue[] {
  const list: readonly JsonValue[] = Array.isArray(given['values']) ? given['values'] : [];
  return list.map((value) => (typeof value === 'boolean' ? Number(value) : typeof value === 'number' || value === null ? value : String(value)));
}

function toJson(row: Record<string, unknown>): JsonObject {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value).toString('base64') : typeof value === 'bigint' ? String(value) : (value as JsonValue)]));
}

/** What SQLite says of a statement is for who wrote it. */
function saying<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw error instanceof ToolRefusal ? error : new ToolRefusal(`SQLite: ${error instanceof Error ? error.message : 'failed'}`);
  }
}
