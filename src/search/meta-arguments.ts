/**
 * Arguments of the meta-tools as models write them: names in the wrong place are put right, and what cannot be
 * understood is said in words that a model can act on.
 */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { NAMES_MAX, QUERIES_MAX, ROWS_DEFAULT, ROWS_MAX } from './meta-tools.ts';
import { type Detail, DETAILS } from './search-reply.ts';

export type Parsed<T> = { readonly isValid: true; readonly value: T } | { readonly isValid: false; readonly problem: string };

export interface SearchArguments {
  readonly queries: readonly string[];
  readonly server: string | undefined;
  readonly limit: number;
  readonly detail: Detail;
}

export interface CallArguments {
  readonly name: string;
  readonly arguments: JsonObject;
}

const QUERY_CHARS_MAX = 2_000;
const NAME_KEYS = ['name', 'tool', 'tool_name', 'toolName', 'id'];
const ARGUMENT_KEYS = ['arguments', 'args', 'params', 'parameters', 'input'];

export function parseSearchArguments(given: JsonObject): Parsed<SearchArguments> {
  const queries = textsOf(given['queries'] ?? given['query']);
  if (queries.length === 0 || queries.length > QUERIES_MAX) return invalid(`queries: expected 1 to ${QUERIES_MAX} texts`);
  const server = given['server'] ?? undefined;
  if (server !== undefined && typeof server !== 'string') return invalid('server: expected the name of a server');
  const limit = Number(given['limit'] ?? ROWS_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1) return invalid(`limit: expected a number from 1 to ${ROWS_MAX}`);
  const detail = DETAILS.find((each) => each === (given['detail'] ?? 'brief'));
  if (detail === undefined) return invalid(`detail: expected one of ${DETAILS.join(', ')}`);
  const shortened = queries.map((query) => query.slice(0, QUERY_CHARS_MAX).toWellFormed());
  return { isValid: true, value: { queries: shortened, server: server === '' ? undefined : server, limit: Math.min(limit, ROWS_MAX), detail } };
}

export function parseNames(given: JsonObject): Parsed<readonly string[]> {
  const names = [...new Set(textsOf(given['names'] ?? given['name'] ?? given['tools']))];
  return names.length === 0 || names.length > NAMES_MAX ? invalid(`names: expected 1 to ${NAMES_MAX} tool names`) : { isValid: true, value: names };
}

/**
 * `{name, arguments}`, and what models write instead: arguments beside the name, as JSON text, under another key, or the
 * whole call wrapped once more.
 */
export function parseCallArguments(given: JsonObject): Parsed<CallArguments> {
  const nameKey = NAME_KEYS.find((key) => typeof given[key] === 'string');
  const wrapped = asObject(given[ARGUMENT_KEYS.find((key) => key in given) ?? 'arguments']);
  if (nameKey === undefined) {
    const isWrapped = wrapped !== undefined && NAME_KEYS.some((key) => typeof wrapped[key] === 'string');
    return isWrapped ? parseCallArguments(wrapped) : invalid('name: expected the name of a tool');
  }
  const name = String(given[nameKey]);
  const argumentKey = ARGUMENT_KEYS.find((key) => given[key] !== undefined && given[key] !== null);
  if (argumentKey !== undefined) {
    const value = asObject(given[argumentKey]);
    return value === undefined ? invalid('arguments: expected an object') : { isValid: true, value: { name, arguments: value } };
  }
  const beside = Object.entries(given).filter(([key]) => key !== nameKey && !ARGUMENT_KEYS.includes(key));
  return { isValid: true, value: { name, arguments: Object.fromEntries(beside) } };
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [value ?? null];
  return list.filter((each): each is string => typeof each === 'string' && each.trim() !== '');
}

function asObject(value: JsonValue | undefined): JsonObject | undefined {
  if (isObject(value)) return value;
  if (typeof value !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function invalid(problem: string): { readonly isValid: false; readonly problem: string } {
  return { isValid: false, problem };
}
