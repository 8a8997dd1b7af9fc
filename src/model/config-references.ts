/**
 * What the objects of a configuration say about each other: names that must exist, names that must not meet. Works on
 * values that need not be valid, so that these problems are told together with all others.
 */
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { SEPARATOR } from '../protocol/names.ts';
import type { ConfigFinding, ConfigPath } from './config-problem.ts';
import { nearestHint } from './nearest-name.ts';

const OVERRIDE_KINDS = ['tools', 'prompts', 'resources'] as const;

export function findReferenceProblems(document: unknown): ConfigFinding[] {
  const root = objectOf(document);
  const servers = Object.keys(objectOf(root['servers']));
  const namespaces = Object.keys(objectOf(root['namespaces']));
  const endpoints = Object.keys(objectOf(root['endpoints']));
  const policies = Object.keys(objectOf(root['policies']));
  return [
    ...entriesOf(root['namespaces']).flatMap(([name, namespace]) => checkNamespace(namespace, ['namespaces', name], servers)),
    ...entriesOf(root['namespaces']).flatMap(([name, namespace]) =>
      itemsOf(namespace['policies']).flatMap((policy, index) =>
        checkName(policy, ['namespaces', name, 'policies', index], { noun: 'a policy', known: policies }),
      ),
    ),
    ...entriesOf(root['endpoints']).flatMap(([name, endpoint]) =>
      checkName(endpoint['namespace'], ['endpoints', name, 'namespace'], { noun: 'a namespace', known: namespaces }),
    ),
    ...entriesOf(root['keys']).flatMap(([name, key]) =>
      itemsOf(key['endpoints']).flatMap((endpoint, index) =>
        checkName(endpoint, ['keys', name, 'endpoints', index], { noun: 'an endpoint', known: endpoints }),
      ),
    ),
    ...entriesOf(root['prices']).flatMap(([name, price]) => checkName(price['server'], ['prices', name, 'server'], { noun: 'a server', known: servers })),
    ...entriesOf(root['workflows']).flatMap(([name, workflow]) => checkName(workflow['endpoint'], ['workflows', name, 'endpoint'], { noun: 'an endpoint', known: endpoints })),
  ];
}

interface Names {
  readonly noun: string;
  readonly known: readonly string[];
}

function checkName(name: unknown, path: ConfigPath, { noun, known }: Names): ConfigFinding[] {
  if (typeof name !== 'string' || known.includes(name)) return [];
  return [{ path, part: 'value', message: `expected the name of ${noun}${nearestHint(name, known)}` }];
}

function checkNamespace(namespace: JsonObject, path: ConfigPath, servers: readonly string[]): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const shown: string[] = [];
  for (const [index, member] of itemsOf(namespace['servers']).entries()) {
    const at = [...path, 'servers', index];
    const fields = objectOf(member);
    const server = isObject(member) ? fields['server'] : member;
    findings.push(...checkName(server, isObject(member) ? [...at, 'server'] : at, { noun: 'a server', known: servers }));
    const as = fields['as'] ?? server;
    if (typeof as !== 'string') continue;
    if (shown.includes(as)) {
      findings.push({
        path: at,
        part: 'value',
        message: `expected a name that no other server of this namespace has: "${as}" is there already; give one of them another with as`,
      });
    }
    shown.push(as);
  }
  for (const kind of OVERRIDE_KINDS) findings.push(...checkOverrides(namespace, [...path, kind], shown));
  return findings;
}

/** Overrides must name a member; two primitives of a kind must not be given one name. */
function checkOverrides(namespace: JsonObject, path: ConfigPath, members: readonly string[]): ConfigFinding[] {
  const kind = path.at(-1) ?? '';
  const findings: ConfigFinding[] = [];
  const holders = new Map<string, string>();
  for (const [key, override] of entriesOf(namespace[kind])) {
    const split = key.indexOf(SEPARATOR);
    if (split < 1) continue;
    const member = key.slice(0, split);
    if (!members.includes(member)) {
      findings.push({ path: [...path, key], part: 'key', message: `"${member}" is no server of this namespace${nearestHint(member, members)}` });
    }
    if (kind === 'resources' || override['enabled'] === false) continue;
    const exposed = exposedNameOf(key, override, objectOf(namespace['names']));
    const holder = holders.get(exposed);
    if (holder === undefined) holders.set(exposed, key);
    else findings.push({ path: [...path, key], part: 'value', message: `expected a name of its own: "${exposed}" is also the exposed name of ${holder}` });
  }
  return findings;
}

function exposedNameOf(key: string, override: JsonObject, names: JsonObject): string {
  if (typeof override['name'] === 'string') return override['name'];
  const split = key.indexOf(SEPARATOR);
  const own = key.slice(split + SEPARATOR.length);
  if (names['prefix'] === 'none') return own;
  const separator = typeof names['separator'] === 'string' ? names['separator'] : SEPARATOR;
  return key.slice(0, split) + separator + own;
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function entriesOf(value: unknown): [string, JsonObject][] {
  return Object.entries(objectOf(value)).map(([key, entry]) => [key, objectOf(entry)]);
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
