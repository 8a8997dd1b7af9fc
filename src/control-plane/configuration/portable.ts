/** Objects for another gateway or client: what could be a secret becomes a reference that is named after its place. */
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { serverTypeOf } from '../../model/server-config.ts';
import type { ConfigObject } from './config-object.ts';
import { MASK, maskBody } from './mask.ts';

/** Gives each secret a name of its own; the same value has the same name. */
export class SecretNames {
  readonly #values = new Map<string, string>();

  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  nameOf(wanted: readonly string[], value: string): string {
    const words = (parts: readonly string[]): string =>
      parts
        .join('_')
        .toUpperCase()
        .replace(/[^A-Z0-9]+/g, '_')
        .replace(/^(?=\d)/, '_');
    for (let count = 1; ; count++) {
      // A variable keeps its name; where two servers have different ones of that name, the server's is put before it.
      const name = words(count === 1 ? wanted.slice(-1) : count === 2 ? wanted : [...wanted, String(count)]);
      const known = this.#values.get(name);
      if (known !== undefined && known !== value) continue;
      this.#values.set(name, value);
      return name;
    }
  }
}

/** The body with `reference(name)` for each secret. A key goes without its value: it belongs to this gateway. */
export function portableBody({ kind, name, body }: Pick<ConfigObject, 'kind' | 'name' | 'body'>, secrets: SecretNames, reference = (variable: string): string => `\${${variable}}`): JsonObject {
  const shown = maskBody(kind, body);
  if (kind === 'keys') return Object.fromEntries(Object.entries(shown).filter(([field, value]) => field !== 'value' || value !== MASK));
  const walk = (value: JsonValue | undefined, mask: JsonValue | undefined, path: readonly string[]): JsonValue | undefined => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      if (value === mask || typeof mask !== 'string') return value;
      // An environment variable is named as it is, everything else after its server too.
      const wanted = path[0] === 'env' ? [name, path.at(-1) ?? ''] : [`${name}_${path.join('_')}`];
      return mask.replaceAll(MASK, () => reference(secrets.nameOf(wanted, String(value))));
    }
    if (Array.isArray(value)) return value.map((item: JsonValue, index) => walk(item, Array.isArray(mask) ? mask[index] : undefined, [...path, String(index)]) ?? null);
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([field, member]) => [field, walk(member, isObject(mask) ? mask[field] : undefined, [...path, field])]));
  };
  return walk(body, shown, []) as JsonObject;
}

/** What MCP clients know of a server: how to start or reach it. */
export function clientEntry(body: JsonObject): JsonObject {
  const type = serverTypeOf(body) ?? 'stdio';
  const fields = type === 'stdio' ? ['command', 'args', 'env', 'cwd'] : ['url', 'headers'];
  const kept = Object.fromEntries(fields.flatMap((field) => (body[field] === undefined ? [] : [[field, body[field]]])));
  const { bearerToken } = body;
  if (type === 'stdio') return { type, ...kept };
  return typeof bearerToken === 'string' ? { type, ...kept, headers: { ...(isObject(kept['headers']) ? kept['headers'] : {}), Authorization: `Bearer ${bearerToken}` } } : { type, ...kept };
}
