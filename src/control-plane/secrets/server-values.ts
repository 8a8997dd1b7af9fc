/** Values from outside for one server: the environment and the named secrets that its configuration refers to. */
import type { ServerSpec } from '../../model/server.ts';
import { createValues, type Environment } from '../../snapshot/values.ts';
import type { Envelope } from '../../storage/data-keys.ts';
import type { Storage } from '../../storage/open-storage.ts';
import { openSecrets } from '../../storage/secrets.ts';
import { query } from '../../storage/transaction.ts';

export interface ServerValuesDeps {
  readonly storage: Storage;
  readonly envelope: Envelope;
  readonly environment: () => Environment;
  /** Hears of each secret that is given out, so that no log shows it. */
  readonly protect: (secret: string) => void;
}

/** Resolves the `${…}` of a text. Throws `config.value_missing`. */
export type ResolveServerText = (text: string) => string;

const SECRET_REFERENCE = /\$\{secret:([A-Za-z_][A-Za-z0-9_.-]*)/g;

/**
 * Read anew for every connection, so that a secret that was set or rotated counts at the next one. What is private to a
 * user reads nothing of the gateway's: its texts stay as they are (KS-05). Rejects with `storage.unavailable`,
 * `storage.secret_unreadable`.
 */
export function createServerValues({ storage, envelope, environment, protect }: ServerValuesDeps): (spec: ServerSpec) => Promise<ResolveServerText> {
  return async (spec) => {
    if (spec.owner !== undefined) return createTexts(spec, undefined, new Map());
    const names = new Set([...JSON.stringify(spec).matchAll(SECRET_REFERENCE)].flatMap(([, name]) => (name === undefined ? [] : [name])));
    const secrets = names.size === 0 ? new Map<string, string>() : await query(storage.db, (db) => openSecrets(db, envelope, [...names]));
    for (const secret of secrets.values()) protect(secret);
    return createTexts(spec, environment(), secrets);
  };
}

function createTexts(spec: ServerSpec, environment: Environment | undefined, secrets: ReadonlyMap<string, string>): ResolveServerText {
  const resolve = createValues(environment, (name) => secrets.get(name));
  return (text) => resolve(text, spec.name);
}
