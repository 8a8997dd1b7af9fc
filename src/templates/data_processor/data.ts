/** Lists of records: read, filtered, sorted, summarised. Everything comes and goes in arguments and results. */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { objectSchema, READ_ONLY, type Tool, ToolRefusal } from '../../serving/tool.ts';
import type { CreateTools } from '../template-tools.ts';
import { parseCsv } from './parse-csv.ts';

const records = { type: 'array', items: { type: 'object' }, maxItems: 100_000, description: 'Records: objects with the same fields' } as const;
const field = { type: 'string', minLength: 1, maxLength: 200, description: 'A field of the records' } as const;
const recordsOut = objectSchema({ records: { type: 'array', items: { type: 'object' } }, count: { type: 'integer' } });

export const createTools: CreateTools = () => [
  tool('parse_json', 'Parses a JSON text; with a path such as items.0.name, only what lies there.', objectSchema({ text: { type: 'string' }, path: { type: 'string', default: '' } }, ['text']), objectSchema({ result: {} }), ({ text, path }) => ({ result: at(parseJson(String(text)), String(path)) })),
  tool('parse_csv', 'Reads CSV (RFC 4180) whose first line names the fields.', objectSchema({ text: { type: 'string' }, delimiter: { type: 'string', minLength: 1, maxLength: 1, default: ',' } }, ['text']), recordsOut, ({ text, delimiter }) => counted(parseCsv(String(text), String(delimiter)))),
  tool('filter_data', 'The records whose field compares with a value as asked.', objectSchema({ records, field, operator: { enum: Object.keys(COMPARES) }, value: {} }), recordsOut, (given) => {
    const compare = COMPARES[String(given['operator'])];
    return counted(recordsOf(given).filter((record) => compare?.(record[String(given['field'])], given['value']) === true));
  }),
  tool('sort_data', 'The records in the order of a field: numbers by size, texts by letter, what is missing last.', objectSchema({ records, field, descending: { type: 'boolean', default: false } }, ['records', 'field']), recordsOut, (given) => {
    const name = String(given['field']);
    const sorted = recordsOf(given).toSorted((a, b) => inOrder(a[name], b[name]));
    return counted(given['descending'] === true ? sorted.toReversed() : sorted);
  }),
  tool('summarize_data', 'Counts, and for each field of numbers: least, greatest, mean, median and sum; for texts: how many different ones and the most frequent.', objectSchema({ records }), objectSchema({ count: { type: 'integer' }, fields: { type: 'object' } }), (given) => summarize(recordsOf(given))),
  tool('group_data', 'How many records there are for each value of a field, and the sum of another where it is named.', objectSchema({ records, by: field, sum: field }, ['records', 'by']), objectSchema({ groups: { type: 'array', items: { type: 'object' } } }), (given) => ({ groups: group(recordsOf(given), String(given['by']), given['sum'] === undefined ? undefined : String(given['sum'])) })),
];

function tool(name: string, description: string, inputSchema: JsonObject, ...[outputSchema, run]: [JsonObject, (given: JsonObject) => JsonObject]): Tool {
  return { name, title: name.replaceAll('_', ' '), description, inputSchema, outputSchema, annotations: READ_ONLY, run };
}

const COMPARES: Readonly<Record<string, (left: JsonValue | undefined, right: JsonValue | undefined) => boolean>> = {
  equals: (left, right) => JSON.stringify(left) === JSON.stringify(right),
  not_equals: (left, right) => JSON.stringify(left) !== JSON.stringify(right),
  greater: (left, right) => typeof left === typeof right && inOrder(left, right) > 0,
  less: (left, right) => typeof left === typeof right && inOrder(left, right) < 0,
  contains: (left, right) => (Array.isArray(left) ? left.includes(right) : typeof left === 'string' && left.includes(String(right))),
};

function recordsOf(given: JsonObject): JsonObject[] {
  const list: readonly JsonValue[] = Array.isArray(given['records']) ? given['records'] : [];
  return list.filter(isObject);
}

function counted(found: readonly JsonObject[]): JsonObject {
  return { records: found, count: found.length };
}

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new ToolRefusal(`This is no JSON: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}

function at(value: JsonValue, path: string): JsonValue {
  let found: JsonValue | undefined = value;
  for (const part of path === '' ? [] : path.split('.')) {
    if (Array.isArray(found)) found = found[Number(part)] as JsonValue | undefined;
    else found = isObject(found) && Object.hasOwn(found, part) ? found[part] : undefined;
    if (found === undefined) throw new ToolRefusal(`There is nothing at ${path}`);
  }
  return found ?? null;
}

function inOrder(left: JsonValue | undefined, right: JsonValue | undefined): number {
  if (left === undefined || left === null) return right === undefined || right === null ? 0 : 1;
  if (right === undefined || right === null) return -1;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return String(left).localeCompare(String(right), 'en');
}

function summarize(found: readonly JsonObject[]): JsonObject {
  const names = new Set(found.flatMap((record) => Object.keys(record)));
  const fields: [string, JsonObject][] = [...names].map((name) => {
    const values = found.map((record) => record[name]).filter((value) => value !== undefined && value !== null);
    const numbers = values.filter((value) => typeof value === 'number');
    return [name, numbers.length === values.length && numbers.length > 0 ? ofNumbers(numbers) : ofTexts(values)];
  });
  return { count: found.length, fields: Object.fromEntries(fields) };
}

function ofNumbers(numbers: readonly number[]): JsonObject {
  const sorted = numbers.toSorted((a, b) => a - b);
  const sum = numbers.reduce((total, value) => total + value, 0);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half] : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
  return { type: 'number', count: sorted.length, min: sorted[0], max: sorted.at(-1), mean: sum / sorted.length, median, sum };
}

function ofTexts(values: readonly (JsonValue | undefined)[]): JsonObject {
  const counts = new Map<string, number>();
  for (const value of values) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const top = [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, 5);
  return { type: 'text', count: values.length, distinct: counts.size, most_frequent: top.map(([value, count]) => ({ value, count })) };
}

function group(found: readonly JsonObject[], by: string, sum: string | undefined): JsonObject[] {
  const groups = new Map<string, { readonly value: JsonValue; count: number; total: number }>();
  for (const record of found) {
    const value = record[by] ?? null;
    const key = JSON.stringify(value);
    const known = groups.get(key) ?? { value, count: 0, total: 0 };
    known.count += 1;
    known.total += sum !== undefined && typeof record[sum] === 'number' ? record[sum] : 0;
    groups.set(key, known);
  }
  return [...groups.values()].map(({ value, count, total }) => ({ value, count, ...(sum === undefined ? {} : { sum: total }) }));
}
