/**
 * Secrets are write-only: in every answer each value that could be one is masked, and what comes back masked means the
 * stored one. References such as `${NAME}` hold nothing and stay readable.
 */
import type { ConfigDocument, ConfigKind } from '../../model/config-document.ts';
import type { ConfigFinding, ConfigPath } from '../../model/config-problem.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';

export const MASK = '…';
/** Objects whose values may be secrets. */
const VALUES = new Set(['env', 'headers']);
/** Members that are secrets. */
const SECRETS = new Set(['value', 'bearerToken']);
const SECRET_FLAG = /^--?[\w-]*(?:key|token|secret|password)[\w-]*$/i;

/** A copy of the document that is safe to show. */
export function maskedDocument(document: ConfigDocument): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(document).map(([section, objects]) => [section, Object.fromEntries(Object.entries(objects as JsonObject).map(([name, body]) => [name, masked(body ?? null, '', section)]))]),
  );
}

/** A copy of the body of one object that is safe to show. */
export function maskBody(kind: ConfigKind, body: JsonObject): JsonObject {
  return masked(body, '', kind) as JsonObject;
}

function masked(value: JsonValue, key: string, section: string): JsonValue {
  if (typeof value === 'string') return maskedLeaf(value, key, '', section);
  if (Array.isArray(value)) return value.map((item: JsonValue, index) => (typeof item === 'string' ? maskedItem(value, index, { item, key, section }) : masked(item, '', section)));
  if (!isObject(value)) return isSecretPlace('', key, section) && value !== null ? MASK : value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]): [string, JsonValue] => {
      const inner = member ?? null;
      if (typeof inner === 'string') return [name, maskedLeaf(inner, name, key, section)];
      if (isSecretPlace(name, key, section) && inner !== null && typeof inner !== 'object') return [name, MASK];
      return [name, masked(inner, name, section)];
    }),
  );
}

/** `--api-key`, `secret` are two arguments. */
function maskedItem(list: readonly JsonValue[], index: number, { item, key, section }: { readonly item: string; readonly key: string; readonly section: string }): string {
  const before = list[index - 1];
  if (section === 'servers' && key === 'args' && typeof before === 'string' && SECRET_FLAG.test(before)) return maskedText(item);
  return maskedLeaf(item, '', key, section);
}

/** `parent` is the member that holds the leaf's object or list. */
function maskedLeaf(text: string, key: string, parent: string, section: string): string {
  if (isSecretPlace(key, parent, section)) return maskedText(text);
  if (section !== 'servers') return text;
  if (parent === 'args') return maskedArgument(text);
  return key === 'url' || key === 'proxy' ? maskedUrl(text) : text;
}

function isSecretPlace(key: string, parent: string, section: string): boolean {
  return section === 'servers' ? VALUES.has(parent) || key === 'bearerToken' || key === 'clientSecret' || key === 'privateKey' : section === 'keys' ? SECRETS.has(key) : section === 'endpoints' && parent === 'headers';
}

function maskedText(text: string): string {
  return text === '' || /^(?:[A-Za-z]+ )?\$\{[^}:]+(?::[^}-][^}]*)?\}$/.test(text) ? text : MASK;
}

/** `--api-key=secret`. */
function maskedArgument(text: string): string {
  return text.replace(/^(--?[\w-]*(?:key|token|secret|password)[\w-]*=).+/is, (whole, flag: string) => (/=\$\{[^}:]+\}$/.test(whole) ? whole : `${flag}${MASK}`));
}

function maskedUrl(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/, `//${MASK}@`).replace(/([?&][^=&]*=)(?!\$\{[^}]*\}(?:&|$))[^&]+/g, `$1${MASK}`);
}

export interface Restored {
  readonly body: JsonObject;
  /** Masks that stand for nothing stored; paths within the body. */
  readonly findings: readonly ConfigFinding[];
}

/**
 * What was meant by a body that may hold masks. A stored secret stays only with the address or command it was given
 * for: otherwise who may change an address could send another's secret there.
 */
export function restoreBody(kind: ConfigKind, given: JsonObject, stored: JsonObject | undefined): Restored {
  const shown = stored && maskBody(kind, stored);
  const findings: ConfigFinding[] = [];
  const restore = (value: JsonValue | undefined, kept: JsonValue | undefined, mask: JsonValue | undefined, path: ConfigPath): JsonValue | undefined => {
    if (typeof value === 'string') {
      if (value === mask && kept !== undefined) return kept;
      if (value.includes(MASK) && isMasked(kind, value, path)) findings.push({ path, part: 'value', message: `expected a value: ${MASK} stands for a stored one, and none is stored for this address or command` });
      return value;
    }
    if (Array.isArray(value)) return value.map((item: JsonValue, index) => restore(item, itemOf(kept, index), itemOf(mask, index), [...path, index]) ?? null);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, restore(member, memberOf(kept, name), memberOf(mask, name), [...path, name])]));
  };
  // Addresses first: they say whether the rest may be kept.
  const url = restore(given['url'], stored?.['url'], shown?.['url'], ['url']);
  findings.length = 0;
  const isSameTarget = stored !== undefined && originOf(url) === originOf(stored['url']) && given['command'] === stored['command'];
  const isKept = kind !== 'servers' || isSameTarget;
  const body = restore(given, isKept ? stored : undefined, shown, []) as JsonObject;
  return { body: kind === 'keys' ? keptKey(body, stored) : body, findings };
}

/** A key without `value` means the stored one. */
function keptKey(given: JsonObject, stored: JsonObject | undefined): JsonObject {
  if (given['value'] !== undefined || given['generate'] !== undefined || stored === undefined) return given;
  const { value, generate } = stored;
  return { ...(value === undefined ? {} : { value }), ...(generate === undefined ? {} : { generate }), ...given };
}

/** Whether a text with the mask in it is one that we masked, and not prose. */
function isMasked(kind: ConfigKind, text: string, path: ConfigPath): boolean {
  const [key, parent] = [path.at(-1), path.at(-2)];
  if (isSecretPlace(String(key), String(parent ?? ''), kind)) return text === MASK;
  if (kind !== 'servers') return false;
  return (parent === 'args' && (text === MASK || text.endsWith(`=${MASK}`))) || ((key === 'url' || key === 'proxy') && (text.includes(`//${MASK}@`) || text.includes(`=${MASK}`)));
}

function originOf(url: JsonValue | undefined): string | undefined {
  if (typeof url !== 'string') return undefined;
  return URL.parse(url)?.origin ?? url;
}

function itemOf(value: JsonValue | undefined, index: number): JsonValue | undefined {
  return Array.isArray(value) ? value[index] : undefined;
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
