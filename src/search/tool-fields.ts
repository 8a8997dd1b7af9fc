/**
 * The fields of a tool that the ranking weighs. Weights and length norms were measured on public tool sets and are not
 * tuned further: they carried over to sets they had never seen, which tuned extras did not.
 */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import type { SearchableServer, SearchableTool } from './searchable-tool.ts';
import { tokenize } from './tokenize.ts';

interface FieldWeight {
  readonly weight: number;
  /** How much a longer than average field counts less, 0 to 1 (BM25's b). */
  readonly lengthNorm: number;
  /** The same for all tools of a server. */
  readonly isShared?: boolean;
}

/** In the order of the packed counts of a posting. */
export const FIELDS: readonly FieldWeight[] = [
  { weight: 3, lengthNorm: 0.4 }, // name
  { weight: 1, lengthNorm: 0.6 }, // description, title and the server's own search hint
  { weight: 1, lengthNorm: 0.6 }, // names of parameters
  { weight: 0.5, lengthNorm: 0.7 }, // descriptions of parameters and the values they may have
  { weight: 1.5, lengthNorm: 0.3, isShared: true }, // name of the server
  { weight: 0.5, lengthNorm: 0.6, isShared: true }, // description of the server
  { weight: 1.5, lengthNorm: 0 }, // keywords of the operator
];

/** More terms of one text are not indexed: a long description must not buy rank or memory. */
const TERMS_PER_FIELD_MAX = 400;
const PARAM_DEPTH_MAX = 3;
const PARAMS_MAX = 200;
const VALUES_MAX = 30;
const HINT_KEY = 'anthropic/searchHint';

/** Terms of the two fields that all tools of a server share. */
export function serverTerms(server: Pick<SearchableServer, 'name' | 'description'>): readonly [string[], string[]] {
  return [tokenize(server.name, TERMS_PER_FIELD_MAX), tokenize(server.description, TERMS_PER_FIELD_MAX)];
}

/** Terms by field, in the order of `FIELDS`. */
export function toolTerms(tool: SearchableTool, shared: readonly [string[], string[]]): readonly (readonly string[])[] {
  const { definition } = tool;
  const names: string[] = [];
  const descriptions: string[] = [];
  collectParams(definition['inputSchema'], { names, descriptions }, 0);
  return [
    tokenize(nameText(tool), TERMS_PER_FIELD_MAX),
    tokenize(descriptionText(definition), TERMS_PER_FIELD_MAX),
    tokenize(names.join(' '), TERMS_PER_FIELD_MAX),
    tokenize(descriptions.join(' '), TERMS_PER_FIELD_MAX),
    shared[0],
    shared[1],
    tokenize(tool.keywords.join(' '), TERMS_PER_FIELD_MAX),
  ];
}

/** The own name, and what an override calls it where that is another name altogether. */
function nameText(tool: SearchableTool): string {
  return tool.exposed.endsWith(tool.own) || tool.exposed.endsWith(tool.own.replace(/ /g, '_')) ? tool.own : `${tool.exposed} ${tool.own}`;
}

/** The hint is the server's word like its description, so it gets no more weight: keywords of the operator do. */
function descriptionText(definition: JsonObject): string {
  return `${textOf(definition['title'])} ${hintOf(definition)} ${textOf(definition['description'])}`;
}

function hintOf(definition: JsonObject): string {
  const meta = definition['_meta'];
  const hint = isObject(meta) ? meta[HINT_KEY] : undefined;
  return Array.isArray(hint) ? hint.map(textOf).join(' ') : textOf(hint);
}

interface ParamTexts {
  readonly names: string[];
  readonly descriptions: string[];
}

function collectParams(schema: JsonValue | undefined, into: ParamTexts, depth: number): void {
  if (!isObject(schema) || depth > PARAM_DEPTH_MAX) return;
  const properties = schema['properties'];
  if (isObject(properties)) {
    for (const [name, property] of Object.entries(properties)) {
      if (into.names.length >= PARAMS_MAX) return;
      into.names.push(name);
      if (!isObject(property)) continue;
      into.descriptions.push(textOf(property['description']), valuesOf(property));
      collectParams(property, into, depth + 1);
    }
  }
  collectParams(schema['items'], into, depth + 1);
}

/** `operation: add | merge | split` says what the tool does. */
function valuesOf(property: JsonObject): string {
  const values = property['enum'];
  return Array.isArray(values) ? values.slice(0, VALUES_MAX).map(textOf).join(' ') : '';
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
