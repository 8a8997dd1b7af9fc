/**
 * The configuration as one document: what a file, the admin API and the UI write. Unknown keys are refused everywhere,
 * each with the nearest known name, and all problems of a document are told at once.
 *
 * To add a noun: its own `*-config.ts`, a line in the schema below, its references in config-references.ts.
 */
import { z } from 'zod';
import { ENDPOINT_NAME, FREE_NAME, namedRecord, SERVER_NAME } from './config-names.ts';
import { type ConfigFinding, type ConfigPath, configInvalid, type Locate, locateFindings } from './config-problem.ts';
import { findReferenceProblems } from './config-references.ts';
import { EndpointConfigSchema } from './endpoint-config.ts';
import { KeyConfigSchema } from './key-config.ts';
import { NamespaceConfigSchema } from './namespace-config.ts';
import { LockSchema } from './lock.ts';
import { LimitConfigSchema } from './limit-config.ts';
import { nearestHint, nearestName } from './nearest-name.ts';
import { PolicyConfigSchema } from './policy-config.ts';
import { PriceConfigSchema } from './price-config.ts';
import { ServerConfigSchema } from './server-config.ts';
import { FileSettingsSchema } from './settings.ts';
import { WORKFLOW_NAMES, WorkflowConfigSchema } from './workflow.ts';

export const ConfigDocumentSchema = z.strictObject({
  $schema: z.string().optional().describe('For editors.'),
  settings: FileSettingsSchema.optional().describe('Settings of the process; flags and variables win over them.'),
  lock: LockSchema.optional().describe('Definitions that are approved, by hash: what metamcp export --format lock writes.'),
  servers: namedRecord(SERVER_NAME, ServerConfigSchema).default({}).describe('How to reach or start each MCP server.'),
  policies: namedRecord(FREE_NAME, PolicyConfigSchema).default({}).describe('Rules that namespaces name: who may do what.'),
  namespaces: namedRecord(FREE_NAME, NamespaceConfigSchema).default({}).describe('Which servers are offered together, and what of each.'),
  endpoints: namedRecord(ENDPOINT_NAME, EndpointConfigSchema).default({}).describe('Public addresses, each of one namespace.'),
  limits: namedRecord(FREE_NAME, LimitConfigSchema).default({}).describe('Limits that hold at every endpoint.'),
  keys: namedRecord(FREE_NAME, KeyConfigSchema).default({}).describe('API keys.'),
  prices: namedRecord(FREE_NAME, PriceConfigSchema).default({}).describe('What calls cost; the most exact that fits a call counts.'),
  workflows: namedRecord(WORKFLOW_NAMES, WorkflowConfigSchema).default({}).describe('Graphs of tool calls, each a tool of every server of type workflows.'),
});

export type ConfigSection = Exclude<keyof z.infer<typeof ConfigDocumentSchema>, '$schema' | 'settings' | 'lock'>;

/** The parts of a document that hold named objects, in its order. */
export const CONFIG_SECTIONS = Object.keys(ConfigDocumentSchema.shape).filter((key): key is ConfigSection => key !== '$schema' && key !== 'settings' && key !== 'lock');

/** What an object of the configuration can be: an entry of a section, or the settings that someone made. */
export type ConfigKind = ConfigSection | 'settings';

/** A checked document with every default filled in. */
export type ConfigDocument = z.infer<typeof ConfigDocumentSchema>;

/** A document as someone writes it, before defaults. */
export type ConfigInput = z.input<typeof ConfigDocumentSchema>;

interface SchemaNode {
  readonly [key: string]: unknown;
}

/** JSON Schema (2020-12) of the file, which ships as schema/metamcp.schema.json. */
export function configJsonSchema(): SchemaNode {
  return { title: 'MetaMCP configuration', ...z.toJSONSchema(ConfigDocumentSchema, { io: 'input' }) };
}

/** Throws the fault `config.invalid` with every problem of the value, located where `locate` knows the source. */
export function parseConfigDocument(value: unknown, locate?: Locate): ConfigDocument {
  const parsed = ConfigDocumentSchema.safeParse(value ?? {}, { reportInput: true });
  const findings = [...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => toFindings(issue, []))), ...findReferenceProblems(value)];
  if (!parsed.success || findings.length > 0) throw configInvalid(locateFindings(findings, locate));
  return parsed.data;
}

/** The problems behind one issue of the schema: a union or several unknown keys make more than one. */
function toFindings(issue: z.core.$ZodIssue, base: ConfigPath): ConfigFinding[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(path);
      return issue.keys.map((key) => ({ path: [...path, key], part: 'key', message: `unknown key${nearestHint(key, known)}` }));
    }
    case 'invalid_union': {
      if (issue.message !== 'Invalid input') return [{ path, part: 'value', message: issue.message }];
      const fitting = issue.errors.find((branch) => !branch.some((inner) => inner.path.length === 0 && inner.code === 'invalid_type'));
      return fitting?.flatMap((inner) => toFindings(inner, path)) ?? [{ path, part: 'value', message: unionMessage(issue) }];
    }
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, part: 'key', message: inner.message }));
    default:
      return [{ path, part: issue.code === 'custom' && issue.params?.['part'] === 'key' ? 'key' : 'value', message: messageOf(issue) }];
  }
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const nearest = typeof issue.input === 'string' ? nearestName(issue.input, values) : undefined;
    return `expected one of ${values.join(', ')}${nearest === undefined || values.length < 2 ? '' : `; the nearest is "${nearest}"`}`;
  }
  if (issue.code !== 'invalid_type') return issue.message;
  return issue.input === undefined ? `missing: expected ${issue.expected}` : issue.message.replace(/^Invalid input: /, '');
}

/** The types that would have fitted. */
function unionMessage(issue: z.core.$ZodIssueInvalidUnion): string {
  const expected = issue.errors.flat().flatMap((inner) => (inner.code === 'invalid_type' && inner.path.length === 0 ? [inner.expected] : []));
  return `expected ${[...new Set(expected)].join(' or ')}`;
}

let schemaOnce: SchemaNode | undefined;

/** The keys that the document knows at a path, read off the JSON Schema, which is plain data and so easily walked. */
function knownKeys(path: ConfigPath): string[] {
  schemaOnce ??= configJsonSchema();
  let nodes: SchemaNode[] = [schemaOnce];
  for (const part of path) nodes = nodes.flatMap(alternatives).flatMap((node) => childrenOf(node, part));
  return nodes.flatMap(alternatives).flatMap((node) => Object.keys(isNode(node['properties']) ? node['properties'] : {}));
}

function alternatives(node: SchemaNode): SchemaNode[] {
  return Array.isArray(node['anyOf']) ? node['anyOf'].filter(isNode) : [node];
}

function childrenOf(node: SchemaNode, part: string | number): SchemaNode[] {
  const properties = isNode(node['properties']) ? node['properties'] : {};
  const child = typeof part === 'number' ? node['items'] : Object.hasOwn(properties, part) ? properties[part] : node['additionalProperties'];
  return isNode(child) ? [child] : [];
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
