/**
 * Values from outside: `${NAME}`, `${NAME:-default}` and `${secret:NAME}` anywhere in a text. `$${` stands for `${`.
 * They are resolved when a connection is opened, so that a secret never lies in the snapshot.
 */
import { Fault } from '../base/fault.ts';

/** Names and values that a text may refer to. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The text with every reference replaced. `server` is the one that needs it, for the fault.
 * Throws `config.value_missing`, naming the server and the reference, never a value.
 */
export type ResolveText = (text: string, server: string) => string;

const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const INSIDE = /^(?:(secret):)?([A-Za-z_][A-Za-z0-9_.-]*)(?::-([\s\S]*))?$/;

/**
 * Resolves from the environment that is given, and from the secret store where there is one. Without an environment
 * (servers that no operator wrote) nothing is resolved and every text stays as it is: nobody may read it that way.
 * A variable that is set to nothing counts as set for `${NAME}`, and as missing for `${NAME:-default}`, as in a shell.
 */
export function createValues(environment: Environment | undefined, findSecret?: (name: string) => string | undefined): ResolveText {
  if (environment === undefined) return (text) => text;
  const find = (kind: string | undefined, name: string): string | undefined => {
    if (kind === 'secret') return findSecret?.(name);
    return Object.hasOwn(environment, name) ? environment[name] : undefined;
  };
  return (text, server) =>
    text.replace(REFERENCE, (match: string, inside: string | undefined) => {
      if (match === '$${') return '${';
      const parts = INSIDE.exec(inside ?? '');
      if (parts === null) throw missing(server, 'a reference that is not of the form ${NAME}, ${NAME:-default} or ${secret:NAME}');
      const [, kind, name = '', fallback] = parts;
      const value = find(kind, name);
      if (value !== undefined && (value !== '' || fallback === undefined)) return value;
      if (fallback === undefined) throw missing(server, `${kind ?? 'variable'} ${name}`);
      return fallback;
    });
}

function missing(server: string, what: string): Fault {
  return new Fault('config.value_missing', { server, reason: 'value_missing', detail: `server ${server} needs ${what}, which is not set` });
}
