/** One namespace of the configuration: its members that are enabled, and its overrides in one form. */

import { compileStep, inOrder, type StepProblem } from '../middleware/registry.ts';
import { definitionKey, type NamespaceIntegrity, type Pin } from '../model/definition.ts';
import type { ConfigFinding } from '../model/config-problem.ts';
import type { Step } from '../model/middleware.ts';
import type { Member, NamespaceSpec, Override } from '../model/namespace.ts';
import type { MemberConfig, NamespaceConfig, OverrideConfig } from '../model/namespace-config.ts';
import type { ServerSpec } from '../model/server.ts';
import type { CompiledPolicy } from '../model/policy.ts';
import type { PolicyConfig } from '../model/policy-config.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import { compileGroups } from './compile-groups.ts';
import { compilePolicy } from '../policy/compile-policy.ts';

export interface NamespaceParts {
  readonly servers: { has(name: string): boolean; get?(name: string): Pick<ServerSpec, 'fingerprint'> | undefined };
  readonly policies: Readonly<Record<string, PolicyConfig>>;
  readonly problems: ConfigFinding[];
  readonly pins?: readonly Pin[];
  /** Digest of the text, the same in every gateway; undefined where nothing is served from what is compiled. */
  readonly digest?: (text: string) => string;
}

/** Members whose server is disabled are left out; overrides for them wait. */
export function compileNamespace(name: string, namespace: NamespaceConfig, parts: NamespaceParts): NamespaceSpec {
  const { servers, policies, problems, pins = [] } = parts;
  return {
    name,
    description: namespace.description,
    members: namespace.servers.map(toMember).filter((member) => servers.has(member.server)),
    prefix: namespace.names.prefix,
    separator: namespace.names.separator,
    overrides: {
      tool: toOverrides(namespace.tools),
      prompt: toOverrides(namespace.prompts),
      resource: toOverrides(namespace.resources, (key) => !isTemplateKey(key)),
      resourceTemplate: toOverrides(namespace.resources, isTemplateKey),
    },
    middleware: stepsOf(name, namespace, parts),
    policy: policyOf(namespace, policies, problems),
    integrity: integrityOf(name, namespace, pins),
    groups: compileGroups(namespace.groups, namespace.servers.map((member) => toMember(member).as), (finding) => problems.push({ ...finding, path: ['namespaces', name, ...finding.path] })),
    engine: namespace.engine && { ...namespace.engine, url: namespace.engine.url.replace(/\/$/, '') },
  };
}

function integrityOf(name: string, { integrity: mode }: NamespaceConfig, pins: readonly Pin[]): NamespaceIntegrity | undefined {
  if (mode === 'off') return undefined;
  const own = pins.filter((pin) => pin.namespace === name);
  return { mode, pins: new Map(own.map((pin) => [definitionKey(pin), pin])), knownServers: new Set(own.flatMap(({ server, hash }) => (hash === undefined ? [] : [server]))) };
}

function stepsOf(name: string, namespace: NamespaceConfig, { servers, problems, digest }: NamespaceParts): readonly Step[] {
  // What a step sees depends on the steps around it and on the servers behind it.
  const fingerprints = namespace.servers.map((member) => servers.get?.(toMember(member).server)?.fingerprint ?? '');
  const placeOf = (index: number): string | undefined => digest?.(canonicalJson([name, index, namespace.middleware, fingerprints]));
  const steps = namespace.middleware.flatMap((config, index) => {
    const step = compileStep(config, placeOf(index));
    if (!Array.isArray(step)) return [step as Step];
    problems.push(
      ...(step as readonly StepProblem[]).map(({ path, message }) => ({
        path: ['namespaces', name, 'middleware', index, ...path],
        part: 'value' as const,
        message,
      })),
    );
    return [];
  });
  return inOrder(steps);
}

/** Undefined where nothing is restricted. Problems of a policy are told once for each namespace that names it. */
function policyOf(namespace: NamespaceConfig, policies: Readonly<Record<string, PolicyConfig>>, problems: ConfigFinding[]): CompiledPolicy | undefined {
  if (namespace.policies.length === 0 && namespace.default === 'allow') return undefined;
  const named = [...new Set(namespace.policies)].flatMap((name) => {
    const config = Object.hasOwn(policies, name) ? policies[name] : undefined;
    return config === undefined ? [] : [{ name, config }];
  });
  const compiled = compilePolicy({ policies: named, fallback: namespace.default, risks: namespace.risks });
  if ('policy' in compiled) return compiled.policy;
  problems.push(...compiled.problems.map(({ policy, path, message }) => ({ path: ['policies', policy, ...path], part: 'value' as const, message })));
  return undefined;
}

function toMember(member: MemberConfig): Member {
  return typeof member === 'string' ? { server: member, as: member } : { server: member.server, as: member.as };
}

/** A URI holds no braces (RFC 3986, section 2), a template that deserves the name does (RFC 6570). */
function isTemplateKey(key: string): boolean {
  return key.includes('{');
}

function toOverrides(overrides: Readonly<Record<string, OverrideConfig>>, isMeant: (key: string) => boolean = () => true): Map<string, Override> {
  return new Map(
    Object.entries(overrides)
      .filter(([key]) => isMeant(key))
      .map(([key, override]) => [key, toOverride(override)]),
  );
}

function toOverride(override: OverrideConfig): Override {
  const values = 'arguments' in override ? override.arguments : undefined;
  return {
    isEnabled: override.enabled,
    name: override.name,
    title: override.title,
    description: override.description,
    annotations: override.annotations,
    meta: override._meta,
    argumentDefaults: values?.defaults ?? {},
    fixedArguments: values?.fixed ?? {},
    hiddenArguments: values?.hidden ?? [],
    keywords: 'keywords' in override ? override.keywords : [],
    tags: 'tags' in override ? override.tags : [],
  };
}
