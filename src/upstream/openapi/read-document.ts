/**
 * An OpenAPI 3.0 or 3.1 document, read and checked. References lead only within the document: nothing that it names is
 * opened or fetched. What it holds is a stranger's text, bounded in size and depth wherever it is used.
 */
import { readFile, stat } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { Fault } from '../../base/fault.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import type { GuardedFetch } from '../dialer/guarded-fetch.ts';

const DOCUMENT_BYTES_MAX = 8 << 20;
const ALIASES_MAX = 100;

/** `place`: an absolute path or an address, as an operator wrote it. Rejects with `upstream.unavailable` or `upstream.protocol_error`. */
export async function readDocument(place: string, server: string, fetch: GuardedFetch): Promise<JsonObject> {
  const text = /^https?:/i.test(place) ? await fetched(place, server, fetch) : await fileText(place, server);
  const document = parseText(text);
  if (!isObject(document) || typeof document['openapi'] !== 'string' || !/^3\.[01]\./.test(document['openapi'])) throw broken(server, 'this is no OpenAPI 3.0 or 3.1 document');
  await validate(document, server);
  return document;
}

async function fetched(address: string, server: string, fetch: GuardedFetch): Promise<string> {
  const { status, body } = await fetch(address, address, { headers: { accept: 'application/json, application/yaml, */*' } });
  if (status !== 200) throw new Fault('upstream.unavailable', { server, detail: `the document's address answered ${status}` });
  return body.toString('utf8');
}

async function fileText(path: string, server: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > DOCUMENT_BYTES_MAX) throw new Error(`larger than ${DOCUMENT_BYTES_MAX} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Fault('upstream.unavailable', { server, detail: `the document ${path} cannot be read: ${error instanceof Error ? error.message : 'unknown'}` });
  }
}

function parseText(text: string): JsonValue | undefined {
  try {
    return (text.trimStart().startsWith('{') ? JSON.parse(text) : parseYaml(text, { maxAliasCount: ALIASES_MAX })) as JsonValue;
  } catch {
    return undefined;
  }
}

/**
 * Its form, by the library that others use. Not more: checking against the schema of its version follows every reference
 * first, and a few that double at each level would keep it busy for ever.
 */
async function validate(document: JsonObject, server: string): Promise<void> {
  const { default: SwaggerParser } = await import('@apidevtools/swagger-parser');
  type Document = Parameters<typeof SwaggerParser.parse>[0];
  try {
    await SwaggerParser.parse(structuredClone(document) as unknown as Document, { resolve: { external: false } });
  } catch (error) {
    throw broken(server, error instanceof Error ? error.message.slice(0, 500) : 'not valid');
  }
}

function broken(server: string, detail: string): Fault {
  return new Fault('upstream.protocol_error', { server, effect: 'not_executed', detail });
}

/** What a local reference leads to, through further ones; undefined for one that leads nowhere, outside or in a circle. */
export function follow(document: JsonObject, value: JsonValue | undefined): JsonObject | undefined {
  let at: JsonValue | undefined = value;
  for (let hops = 0; hops < 20 && isObject(at); hops++) {
    const reference: JsonValue | undefined = at['$ref'];
    if (typeof reference !== 'string') return at;
    if (!reference.startsWith('#/')) return undefined;
    let found: JsonValue | undefined = document;
    for (const part of reference.slice(2).split('/')) {
      const key = decodePointer(part);
      found = isObject(found) && key !== undefined && Object.hasOwn(found, key) ? found[key] : Array.isArray(found) ? (found[Number(key)] as JsonValue | undefined) : undefined;
    }
    at = found;
  }
  return undefined;
}

function decodePointer(part: string): string | undefined {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return undefined;
  }
}
