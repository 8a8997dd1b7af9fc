/** Arguments of a call as they are typed: a JSON object, `@FILE` with one, or NAME=VALUE words. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CliHost } from './host.ts';
import { Refusal } from './refusal.ts';
import { isRecord } from './stdio/message.ts';

/**
 * VALUE is JSON where it reads as JSON and the argument is not a string by the schema: `a=1` is a number, `a=x` a
 * text. `inputSchema` may be undefined. Throws a Refusal for anything else.
 */
export async function parseCallArguments(words: readonly string[], inputSchema: unknown, host: CliHost): Promise<Readonly<Record<string, unknown>>> {
  const [first] = words;
  if (first === undefined) return {};
  if (first.startsWith('@') && words.length === 1) return parseObject(await readArgumentsFile(first.slice(1), host), first);
  if (first.startsWith('{') && words.length === 1) return parseObject(first, 'The arguments');
  return Object.fromEntries(words.map((word) => parsePair(word, inputSchema)));
}

/** Whether `value` can be read at once, without knowing the tool's schema. */
export function needsSchema(words: readonly string[]): boolean {
  return words.some((word) => !word.startsWith('{') && !word.startsWith('@'));
}

async function readArgumentsFile(path: string, host: CliHost): Promise<string> {
  try {
    return await readFile(resolve(host.workFolder, path), 'utf8');
  } catch (cause) {
    throw new Refusal(`The file ${path} cannot be read: ${(cause as Error).message}`, 'Name a file that holds a JSON object.', cause);
  }
}

function parseObject(text: string, what: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Refusal(`${what}: ${(cause as Error).message}`, `Write JSON, e.g. '{"message":"hi"}', or message=hi`, cause);
  }
  if (!isRecord(value)) throw new Refusal(`${what} is JSON, but not an object.`, `Write an object, e.g. '{"message":"hi"}'`);
  return value;
}

function parsePair(word: string, inputSchema: unknown): readonly [string, unknown] {
  const at = word.indexOf('=');
  if (at < 1) throw new Refusal(`${JSON.stringify(word)} is neither JSON nor NAME=VALUE.`, `Write e.g. message=hi, or '{"message":"hi"}'`);
  const [name, text] = [word.slice(0, at), word.slice(at + 1)];
  if (typeOf(inputSchema, name) === 'string') return [name, text];
  try {
    return [name, JSON.parse(text)];
  } catch {
    return [name, text];
  }
}

function typeOf(inputSchema: unknown, name: string): unknown {
  const properties = isRecord(inputSchema) ? inputSchema['properties'] : undefined;
  const property = isRecord(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  return isRecord(property) ? property['type'] : undefined;
}
