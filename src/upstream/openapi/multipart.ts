/**
 * Bodies of type multipart/form-data (RFC 7578; OpenAPI 3.1, "Special Considerations for multipart Content"). Files are
 * given in base64. No name or value ends its part: names are escaped, and the boundary is a digest of all that it bounds.
 */
import { createHash } from 'node:crypto';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { ToolRefusal } from '../../serving/tool.ts';

const BINARY = 'application/octet-stream';
const TYPE = /^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The schema of the arguments, with files as texts in base64, and the type of each part that is a file or has one of its own. */
export function multipartSchema(schema: JsonObject, media: JsonObject): { readonly schema: JsonObject; readonly partTypes: Readonly<Record<string, string>> } {
  const encodings = isObject(media['encoding']) ? media['encoding'] : {};
  const partTypes: Record<string, string> = {};
  const properties: Record<string, JsonValue> = {};
  for (const [name, given] of Object.entries(isObject(schema['properties']) ? schema['properties'] : {})) {
    const property = isObject(given) ? given : {};
    const items = isObject(property['items']) ? property['items'] : undefined;
    const isFile = isBinary(property) || (items !== undefined && isBinary(items));
    if (isFile) partTypes[name] = partTypeOf(Object.hasOwn(encodings, name) ? encodings[name] : undefined);
    properties[name] = !isFile ? property : items === undefined ? asBase64(property) : { ...property, items: asBase64(items) };
  }
  return { schema: { ...schema, properties }, partTypes };
}

function partTypeOf(encoding: JsonValue | undefined): string {
  const own = isObject(encoding) && typeof encoding['contentType'] === 'string' ? encoding['contentType'].split(',')[0]?.trim() : undefined;
  return own !== undefined && TYPE.test(own) && !own.startsWith('text/') ? own : BINARY;
}

function isBinary({ format, contentEncoding, contentMediaType }: JsonObject): boolean {
  return format === 'binary' || format === 'byte' || contentEncoding === 'base64' || (typeof contentMediaType === 'string' && !contentMediaType.startsWith('text/'));
}

function asBase64({ description }: JsonObject): JsonObject {
  return { type: 'string', contentEncoding: 'base64', description: `${typeof description === 'string' ? `${description} ` : ''}(a file, in base64)` };
}

export interface MultipartBody {
  readonly type: string;
  readonly body: Buffer;
}

/** Throws a ToolRefusal for what cannot be sent. */
export function multipartBody(body: JsonValue, partTypes: Readonly<Record<string, string>>): MultipartBody {
  if (!isObject(body)) throw new ToolRefusal('body must be an object: it is sent as a form');
  const parts = Object.entries(body).flatMap(([name, value]) => (Array.isArray(value) ? (value as JsonValue[]) : [value]).flatMap((member) => (member === undefined || member === null ? [] : [partOf(name, member, partTypes)])));
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  const boundary = `metamcp-${digest.digest('hex')}`;
  return { type: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat([...parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), part, Buffer.from('\r\n')]), Buffer.from(`--${boundary}--\r\n`)]) };
}

function partOf(name: string, value: JsonValue, partTypes: Readonly<Record<string, string>>): Buffer {
  const escaped = escapeName(name);
  const fileType = Object.hasOwn(partTypes, name) ? partTypes[name] : undefined;
  if (fileType !== undefined) {
    if (typeof value !== 'string' || !BASE64.test(value)) throw new ToolRefusal(`${name} must be a text in base64: it is sent as a file`);
    return Buffer.concat([Buffer.from(`content-disposition: form-data; name="${escaped}"; filename="${escaped}"\r\ncontent-type: ${fileType}\r\n\r\n`), Buffer.from(value, 'base64')]);
  }
  const isStructured = typeof value === 'object';
  const head = `content-disposition: form-data; name="${escaped}"\r\n${isStructured ? 'content-type: application/json\r\n' : ''}\r\n`;
  return Buffer.from(head + (isStructured ? JSON.stringify(value) : String(value)));
}

/** WHATWG HTML, "multipart/form-data encoding algorithm". */
function escapeName(name: string): string {
  return name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}
