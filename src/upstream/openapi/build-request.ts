/**
 * Arguments of a tool → the request of its operation (OpenAPI 3.1, "Style Values"; RFC 6570). Every value is encoded for
 * its place, so that none ends its segment, adds a parameter, a header or a line; a path never climbs.
 */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { ToolRefusal } from '../../serving/tool.ts';
import { multipartBody } from './multipart.ts';
import type { ApiOperation, OperationParameter } from './operations.ts';

export interface BuiltRequest {
  readonly method: string;
  /** Path and query, below the base address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

/** RFC 3986: what `encodeURIComponent` leaves and some servers read as syntax. */
const LEFT_OVER = /[!'()*]/g;
/** RFC 9110 section 5.5: what may stand in a field value. */
const FIELD_VALUE = /^[\t\x20-\x7e\u00a0-\u00ff]*$/;
const DOT_SEGMENT = /^(?:\.|%2e){1,2}$/i;

export function buildRequest(operation: ApiOperation, given: JsonObject): BuiltRequest {
  const query: string[] = [];
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  let path = operation.path;
  for (const parameter of operation.parameters) {
    const value = given[parameter.argument];
    if (value === undefined || (value === null && !parameter.isRequired)) continue;
    if (parameter.place === 'path') path = path.replaceAll(`{${parameter.name}}`, () => pathValue(parameter, value));
    else if (parameter.place === 'query') query.push(...queryParts(parameter, value));
    else if (parameter.place === 'header') headers[parameter.name.toLowerCase()] = headerValue(parameter, value);
    else cookies.push(`${encode(parameter.name)}=${encode(plain(value))}`);
  }
  checkPath(path);
  if (cookies.length > 0) headers['cookie'] = cookies.join('; ');
  const { body, type } = bodyOf(operation, given['body']);
  if (type !== undefined) headers['content-type'] = type;
  return { method: operation.method.toUpperCase(), path: query.length > 0 ? `${path}?${query.join('&')}` : path, headers, body };
}

function checkPath(path: string): void {
  if (/[{}]/.test(path)) throw new ToolRefusal('A part of the path is missing');
  if (path.split('/').some((segment) => DOT_SEGMENT.test(segment))) throw new ToolRefusal('A part of the path may not be . or ..');
  if (/[\s?#\\]/.test(path)) throw new ToolRefusal('The path of this operation cannot be used');
}

function pathValue(parameter: OperationParameter, value: JsonValue): string {
  const parts = isObject(value) ? Object.entries(value).map(([key, member]) => (parameter.explode ? `${encode(key)}=${encode(plain(member))}` : `${encode(key)},${encode(plain(member))}`)) : (Array.isArray(value) ? (value as JsonValue[]) : [value]).map((member) => encode(plain(member)));
  const prefix = parameter.style === 'label' ? '.' : parameter.style === 'matrix' ? `;${encode(parameter.name)}=` : '';
  const text = parts.join(',');
  if (text === '') throw new ToolRefusal(`${parameter.argument} must not be empty: it is a part of the path`);
  return prefix + text;
}

function queryParts(parameter: OperationParameter, value: JsonValue): string[] {
  const name = encode(parameter.name);
  if (Array.isArray(value)) {
    const members = (value as JsonValue[]).map((member) => encode(plain(member)));
    if (parameter.explode && parameter.style === 'form') return members.map((member) => `${name}=${member}`);
    const separator = parameter.style === 'spaceDelimited' ? '%20' : parameter.style === 'pipeDelimited' ? '%7C' : ',';
    return [`${name}=${members.join(separator)}`];
  }
  if (!isObject(value)) return [`${name}=${encode(plain(value))}`];
  const entries = Object.entries(value);
  if (parameter.style === 'deepObject') return entries.map(([key, member]) => `${encode(`${parameter.name}[${key}]`)}=${encode(plain(member))}`);
  // Its members are not of the caller's choosing alone: an exploded form would let them name other parameters.
  return [`${name}=${entries.flatMap(([key, member]) => [encode(key), encode(plain(member))]).join(',')}`];
}

function headerValue(parameter: OperationParameter, value: JsonValue): string {
  const text = Array.isArray(value) ? (value as JsonValue[]).map(plain).join(',') : plain(value);
  if (!FIELD_VALUE.test(text)) throw new ToolRefusal(`${parameter.argument} holds characters that a header cannot have`);
  return text.trim();
}

function bodyOf({ bodyType, partTypes }: ApiOperation, given: JsonValue | undefined): { readonly body: string | Buffer | undefined; readonly type: string | undefined } {
  if (bodyType === 'multipart/form-data' && given !== undefined) return multipartBody(given, partTypes);
  const body = bodyText(bodyType, given);
  return { body, type: body === undefined ? undefined : bodyType };
}

function bodyText(type: string | undefined, body: JsonValue | undefined): string | undefined {
  if (type === undefined || body === undefined) return undefined;
  if (type === 'application/json') return JSON.stringify(body);
  if (type === 'text/plain') return plain(body);
  if (!isObject(body)) throw new ToolRefusal('body must be an object: it is sent as a form');
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) for (const member of Array.isArray(value) ? (value as JsonValue[]) : [value]) if (member !== undefined) form.append(name, plain(member));
  return form.toString();
}

function plain(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function encode(text: string): string {
  try {
    return encodeURIComponent(text).replace(LEFT_OVER, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  } catch {
    throw new ToolRefusal('A text holds half a character');
  }
}
