/** The keys that open endpoints, by digest: values of the configuration, and those that are only stored. */
import { Fault } from '../base/fault.ts';
import type { ConfigDocument } from '../model/config-document.ts';
import type { KeySpec } from '../model/key.ts';
import { CONFIGURED_KEY_VALUE, type KeyConfig } from '../model/key-config.ts';
import { isWeakKeyValue } from '../model/weak-secret.ts';
import type { CompileContext, StoredKey } from './compile-context.ts';
import { KeyTable } from './key-table.ts';
import { createValues } from './values.ts';

export function compileKeys(document: ConfigDocument, context: CompileContext): KeyTable {
  const { extraKeys = [], renewKeyDigest = (digest) => digest } = context.options;
  const keys = new KeyTable(renewKeyDigest);
  for (const { digest, former, ...stored } of extraKeys) {
    if (!Object.hasOwn(document.keys, stored.name)) add(keys, { digest, key: stored, former });
  }
  for (const [name, key] of Object.entries(document.keys)) {
    const stored = extraKeys.find((candidate) => candidate.name === name);
    const digest = key.value === undefined ? stored?.digest : digestOf(name, key.value, context);
    if (digest === undefined) {
      noteMissing(name, key, context);
      continue;
    }
    const holder = keys.at(digest);
    if (holder !== undefined) context.findings.problems.push({ path: ['keys', name], part: 'value', message: `expected a value of its own: key "${holder.name}" has the same` });
    add(keys, { digest, key: toKeySpec(name, key, { id: stored?.id ?? `key_${name}`, all: context.options.publicEndpoints ?? ['*'] }), former: key.value === undefined ? stored?.former : undefined });
  }
  return keys;
}

function noteMissing(name: string, { value }: KeyConfig, { findings }: CompileContext): void {
  if (value === undefined) findings.warnings.push(`key "${name}" has no value yet: it opens nothing`);
}

/** A key that was rotated opens by its former value too, for a while. */
function add(keys: KeyTable, { digest, key, former }: { readonly digest: string; readonly key: KeySpec; readonly former: StoredKey['former'] }): void {
  keys.set(digest, key);
  if (former !== undefined) keys.set(former.digest, { ...key, expiresAtMs: Math.min(former.untilMs, key.expiresAtMs ?? former.untilMs) });
}

function toKeySpec(name: string, key: KeyConfig, { id, all }: { readonly id: string; readonly all: readonly string[] }): KeySpec {
  const expiresAtMs = key.expiresAt === undefined ? undefined : Date.parse(key.expiresAt);
  return { id, name, endpoints: key.endpoints ?? all, expiresAtMs, namespaces: key.namespaces, tools: key.tools, ...(key.labels === undefined ? {} : { labels: key.labels }) };
}

/** Undefined with a problem noted where the value cannot be used. The value itself is never told. */
function digestOf(name: string, text: string, { options, findings }: CompileContext): string | undefined {
  const refuse = (message: string): undefined => {
    findings.problems.push({ path: ['keys', name, 'value'], part: 'value', message });
    return undefined;
  };
  let value: string;
  try {
    value = createValues(options.environment ?? {})(text, name);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return refuse(`expected variables that are set for the gateway: ${[...text.matchAll(/\$\{[\w:]+/g)].map(([start]) => `${start}}`).join(', ')}`);
  }
  if (!CONFIGURED_KEY_VALUE.test(value)) return refuse('expected sk_mt_ and 64 letters or digits');
  if (isWeakKeyValue(value)) {
    if (options.isProduction === true) return refuse('expected a random value: this one can be guessed');
    findings.warnings.push(`key "${name}" has a value that can be guessed; --production refuses it`);
  }
  const digest = options.keyDigest(value);
  return options.renewKeyDigest?.(digest) ?? digest;
}
