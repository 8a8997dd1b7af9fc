import { isObject } from './messages.ts';

/** JSON with sorted keys: equal text for equal values, whoever wrote them (RFC 8785 but for its number forms, which are JSON.stringify's own). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  if (!isObject(value) || 'rawJSON' in value) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}
