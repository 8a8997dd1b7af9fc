import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ListLogs, LOG_ENTRY_LEVELS, type LogEntry } from '../../contract/logs.ts';
import { bindRead } from '../operation.ts';

/** So much of the end of each file is looked at, bytes. */
const TAIL_BYTES_MAX = 2 << 20;

const LineSchema = z.looseObject({ level: z.enum(LOG_ENTRY_LEVELS), time: z.string(), msg: z.string() });
const FieldSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Warnings and below are in one file, errors in another: both, in the order of time. What was logged is redacted already. */
export const listLogs = bindRead(ListLogs, async ({ query, services }) => {
  // A file that was put aside a moment ago has the lines before.
  const files = query.level === 'error' ? ['error.1.log', 'error.log'] : ['app.1.log', 'app.log', 'error.1.log', 'error.log'];
  const lines = await Promise.all(files.map((file) => readTail(join(services.dataFolder, 'logs', file))));
  const lowest = LOG_ENTRY_LEVELS.indexOf(query.level);
  const wanted = query.q?.toLowerCase();
  const entries = lines.flat().flatMap((line): LogEntry[] => {
    if (wanted !== undefined && !line.toLowerCase().includes(wanted)) return [];
    const entry = toEntry(line);
    if (entry === undefined || LOG_ENTRY_LEVELS.indexOf(entry.level) < lowest) return [];
    return query.server === undefined || entry.fields['server'] === query.server ? [entry] : [];
  });
  return { items: entries.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).slice(-query.limit) };
});

async function readTail(path: string): Promise<string[]> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES_MAX);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    // The first line may be cut, and what follows the last end of line is still being written.
    return lines.slice(start > 0 ? 1 : 0, -1);
  } finally {
    await file.close();
  }
}

function toEntry(line: string): LogEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // A line that a full disk cut.
    return undefined;
  }
  const parsed = LineSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { level, time, msg, ...rest } = parsed.data;
  const fields = Object.entries(rest).flatMap(([name, field]) => {
    const known = FieldSchema.safeParse(field);
    return known.success ? [[name, known.data] as const] : [];
  });
  return { at: time, level, event: msg, fields: Object.fromEntries(fields) };
}
