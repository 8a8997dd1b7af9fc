/**
 * Arguments that a modern client mirrors into `Mcp-Param-*` headers because the tool's schema says `x-mcp-header`
 * (specification 2026-07-28, Streamable HTTP, "Custom Headers from Tool Parameters").
 */
import { Fault } from '../base/fault.ts';
import { decodeHeaderValue, encodeHeaderValue } from '../protocol/header-value.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';

export const PARAM_HEADER_PREFIX = 'mcp-param-';

/** A header name after its prefix, and the path of the argument it mirrors. */
export interface MirroredParam {
  readonly header: string;
  readonly path: readonly string[];
}

/** What the schema of a tool wants mirrored; nested objects count. */
export function mirroredParams(inputSchema: JsonValue | undefined, path: readonly string[] = []): readonly MirroredParam[] {
  if (!isObject(inputSchema) || !isObject(inputSchema['properties'])) return [];
  const found: MirroredParam[] = [];
  for (const [name, property] of Object.entries(inputSchema['properties'])) {
    if (!isObject(property)) continue;
    const header = property['x-mcp-header'];
    if (typeof header === 'string') found.push({ header, path: [...path, name] });
    found.push(...mirroredParams(property, [...path, name]));
  }
  return found;
}

/** Header text of an argument; undefined where it is absent or null and so has no header. */
function headerText(params: JsonObject, path: readonly string[]): string | undefined {
  let value: JsonValue | undefined = params['arguments'];
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Numbers count as numbers: 42.0 and 42 are equal ("Server Validation", note). Whole ones are compared digit by digit: doubles would make neighbours equal. */
function isSame(header: string, argument: string): boolean {
  return header === argument || (/^-?\d{1,400}$/.test(argument) && /^-?\d{1,400}(?:\.0+)?$/.test(header) && BigInt(header.replace(/\.0+$/, '')) === BigInt(argument));
}

/** Compares the client's mirrored headers with its arguments. Throws `request.header_mismatch`. Headers the schema does not know pass on. */
export function checkMirroredParams(mirrored: readonly MirroredParam[], params: JsonObject, headers: Readonly<Record<string, string>>): void {
  for (const { header, path } of mirrored) {
    const expected = headerText(params, path);
    const given = headers[PARAM_HEADER_PREFIX + header.toLowerCase()];
    if (given === undefined && expected === undefined) continue;
    const decoded = given === undefined ? undefined : decodeHeaderValue(given);
    if (decoded === undefined || expected === undefined || !isSame(decoded, expected)) throw new Fault('request.header_mismatch', { message: `Mcp-Param-${header} is missing or differs from the argument.` });
  }
}

/** The headers for the server: made anew from the arguments that are really sent, unknown ones of the client as they came. */
export function toParamHeaders(mirrored: readonly MirroredParam[], params: JsonObject, clientHeaders: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (mirrored.length === 0) return clientHeaders;
  const headers: Record<string, string> = { ...clientHeaders };
  for (const { header, path } of mirrored) {
    const text = headerText(params, path);
    if (text === undefined) delete headers[PARAM_HEADER_PREFIX + header.toLowerCase()];
    else headers[PARAM_HEADER_PREFIX + header.toLowerCase()] = encodeHeaderValue(text);
  }
  return headers;
}
