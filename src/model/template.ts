/**
 * A template: a small MCP server as data plus a file, of which operators and the orchestrator make servers. `template.json`
 * beside the file is this schema; parameters are typed, and none of them reaches a command, a folder of work or a mount.
 */
import { z } from 'zod';
import { compilePattern } from '../base/linear-pattern.ts';

export const TEMPLATE_NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const PARAMETER_NAME = /^[a-z][a-z0-9_]{0,63}$/;
/** ST-04: short, and nothing that a program could take for an option. */
const VALUE_CHARS_MAX = 256;

const ParameterSchema = z.strictObject({
  /** `folder`: an absolute path, which becomes the root that the server's files stay in. `url`: an address that may be dialled, private or not. */
  type: z.enum(['string', 'integer', 'boolean', 'url', 'folder', 'secret']),
  description: z.string().max(500),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  /** string: anchored at both ends, in RE2's syntax, so that no value takes long (ST-17). */
  pattern: z
    .string()
    .max(200)
    .startsWith('^')
    .endsWith('$')
    .refine((pattern) => compilePattern(pattern) !== undefined, "expected a regular expression of RE2's syntax")
    .optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
});
export type TemplateParameter = z.infer<typeof ParameterSchema>;

export const TemplateSchema = z.strictObject({
  name: z.string().regex(TEMPLATE_NAME),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(2_000),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  /** What it is for: words by which `orchestrate_task` finds it. */
  capabilities: z.array(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/)).max(50),
  /** In the template's folder; exports `createTools`. */
  file: z.string().regex(/^[A-Za-z0-9_-]+\.(?:ts|mjs|js)$/),
  /** Keeps nothing between two calls, so that a warm process may serve one principal after the other. */
  stateless: z.boolean(),
  /** `guarded`: public addresses, and those in parameters of type url. */
  egress: z.enum(['none', 'guarded']),
  /** What it may do in the folder that its parameter of type folder names, or in a temporary one. */
  files: z.enum(['none', 'read', 'write']),
  parameters: z.record(z.string().regex(PARAMETER_NAME), ParameterSchema),
});
export type TemplateData = z.infer<typeof TemplateSchema>;

/** A template that was found, and where. */
export interface Template extends TemplateData {
  /** Absolute. */
  readonly folder: string;
  /** Shipped with the gateway, or imported by an operator. */
  readonly origin: 'shipped' | 'imported';
  /** Hex digest of data and file: what an approval is for. */
  readonly digest: string;
}

export type ParameterValue = string | number | boolean;
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

export interface ParameterProblem {
  readonly parameter: string;
  readonly message: string;
}

/** The values with defaults filled in, or what is wrong with them. A value that holds `${…}` is checked once it is resolved. */
export function readParameters(template: TemplateData, given: Readonly<Record<string, unknown>>): { readonly values: ParameterValues; readonly problems: readonly ParameterProblem[] } {
  const values: Record<string, ParameterValue> = {};
  const problems: ParameterProblem[] = [];
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(template.parameters, name)) problems.push({ parameter: name, message: `expected one of ${Object.keys(template.parameters).join(', ') || 'no parameters'}` });
  }
  for (const [name, parameter] of Object.entries(template.parameters)) {
    const value = Object.hasOwn(given, name) ? given[name] : parameter.default;
    if (value === undefined) continue;
    const message = problemOf(parameter, value);
    if (message === undefined) values[name] = value as ParameterValue;
    else problems.push({ parameter: name, message });
  }
  return { values, problems };
}

function problemOf(parameter: TemplateParameter, value: unknown): string | undefined {
  if (parameter.type === 'boolean') return typeof value === 'boolean' ? undefined : 'expected true or false';
  if (parameter.type === 'integer') return problemOfNumber(parameter, value);
  if (typeof value !== 'string') return 'expected a text';
  if (value.length > VALUE_CHARS_MAX) return `expected at most ${VALUE_CHARS_MAX} characters`;
  if (value.startsWith('-')) return 'expected no hyphen at the beginning';
  if (/\p{Cc}/u.test(value)) return 'expected no control characters';
  if (value.includes('${')) return undefined;
  return problemOfText(parameter, value);
}

function problemOfNumber({ minimum = -Infinity, maximum = Infinity }: TemplateParameter, value: unknown): string | undefined {
  const isInside = Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
  return isInside ? undefined : `expected a whole number${minimum === -Infinity ? '' : ` from ${minimum}`}${maximum === Infinity ? '' : ` to ${maximum}`}`;
}

function problemOfText({ type, pattern }: TemplateParameter, value: string): string | undefined {
  if (type === 'url') {
    const url = URL.parse(value);
    return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === '' ? undefined : 'expected an http or https address without user and password';
  }
  if (type === 'folder') return value.startsWith('/') || /^[A-Za-z]:\\/.test(value) ? undefined : 'expected an absolute path';
  return pattern === undefined || compilePattern(pattern)?.(value) === true ? undefined : `expected a text that matches ${pattern}`;
}
