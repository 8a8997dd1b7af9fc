/** The policies of a namespace with drafts among them, compiled as they would be. */
import type { z } from 'zod';
import { Fault } from '../../base/fault.ts';
import { parseConfigDocument } from '../../model/config-document.ts';
import type { NamespaceConfig } from '../../model/namespace-config.ts';
import type { CompiledPolicy, Risk } from '../../model/policy.ts';
import { type PolicyConfig, PolicyConfigSchema } from '../../model/policy-config.ts';
import { compilePolicy } from '../../policy/compile-policy.ts';
import { type ConfigObject, toSections } from '../configuration/config-object.ts';

export interface Drafts {
  readonly policies: Readonly<Record<string, PolicyConfig>>;
  /** Instead of what the namespace says. */
  readonly fallback?: 'allow' | 'deny' | undefined;
  readonly risks?: Readonly<Record<string, Risk>> | undefined;
}

/** Throws `request.params_invalid` with every problem of every draft. */
export function readDrafts(given: Readonly<Record<string, unknown>>): Record<string, PolicyConfig> {
  const entries = Object.entries(given);
  const parsed = entries.map(([name, draft]) => parseAt(PolicyConfigSchema, draft, `body.policies.${name}`));
  return Object.fromEntries(entries.map(([name], index) => [name, parsed[index] as PolicyConfig]));
}

/** What the schema makes of it. Throws `request.params_invalid`; `path` is where the value stands. */
export function parseAt<Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({ path: [path, ...issue.path].join('.'), expected: issue.message, message: issue.message }));
  throw new Fault('request.params_invalid', { data: { errors } });
}

/** What the configuration says now, by namespace. */
export interface PolicyBook {
  readonly namespaces: Readonly<Record<string, NamespaceConfig>>;
  readonly policies: Readonly<Record<string, PolicyConfig>>;
}

export function readPolicyBook(objects: readonly ConfigObject[]): PolicyBook {
  const { namespaces, policies } = parseConfigDocument(toSections(objects));
  return { namespaces, policies };
}

/**
 * A draft takes the place of the policy of its name; one whose name the namespace does not have is added. Without a
 * namespace only the drafts count. Throws `request.not_found`, and `request.params_invalid` for a draft that does not compile.
 */
export function compileDrafts(book: PolicyBook, namespace: string | undefined, drafts: Drafts): CompiledPolicy {
  const config = namespace === undefined ? undefined : book.namespaces[namespace];
  if (namespace !== undefined && config === undefined) throw new Fault('request.not_found', { message: `There is no namespace named ${JSON.stringify(namespace)}.`, reason: 'namespaces' });
  const names = new Set([...(config?.policies ?? []), ...Object.keys(drafts.policies)]);
  const policies = [...names].flatMap((name) => {
    const found = drafts.policies[name] ?? book.policies[name];
    return found === undefined ? [] : [{ name, config: found }];
  });
  const compiled = compilePolicy({ policies, fallback: drafts.fallback ?? config?.default ?? 'allow', risks: drafts.risks ?? config?.risks ?? {} });
  if ('policy' in compiled) return compiled.policy;
  const errors = compiled.problems.map(({ policy, path, message }) => ({ path: ['body', 'policies', policy, ...path].join('.'), expected: message, message }));
  throw new Fault('request.params_invalid', { data: { errors } });
}
