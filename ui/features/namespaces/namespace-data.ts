import type { AnswerOf } from '../../api/operations.ts';

export type Namespace = AnswerOf<'GET /api/v1/namespaces/{name}'>;
export type Catalog = AnswerOf<'GET /api/v1/namespaces/{name}/catalog'>;
export type Primitive = Catalog['items'][number];
export type Kind = Primitive['kind'];
type JsonObject = Readonly<Record<string, unknown>>;

/** The section of a namespace that changes primitives of a kind. */
export const SECTIONS = { tool: 'tools', prompt: 'prompts', resource: 'resources', resourceTemplate: 'resources' } as const satisfies Record<Kind, string>;

export interface Member {
  readonly server: string;
  /** The name that this namespace shows. */
  readonly as: string;
}

export function membersOf({ config }: Pick<Namespace, 'config'>): readonly Member[] {
  const servers = Array.isArray(config['servers']) ? (config['servers'] as readonly unknown[]) : [];
  return servers.flatMap((entry) => {
    if (typeof entry === 'string') return [{ server: entry, as: entry }];
    const { server, as } = asObject(entry);
    return typeof server === 'string' && typeof as === 'string' ? [{ server, as }] : [];
  });
}

/** As the configuration writes them: a name alone where it is not shown under another. */
export function toConfigMembers(members: readonly Member[]): readonly (string | Member)[] {
  return members.map((member) => (member.server === member.as ? member.server : member));
}

export function overrideOf({ config }: Pick<Namespace, 'config'>, { kind, key }: Pick<Primitive, 'kind' | 'key'>): JsonObject {
  return asObject(asObject(config[SECTIONS[kind]])[key]);
}

export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** What turns `before` into `after` as a JSON Merge Patch (RFC 7396); undefined where nothing does. */
export function mergePatch(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name], after[name]];
    if (is === undefined) patch[name] = null;
    else if (isPlain(was) && isPlain(is)) {
      const inner = mergePatch(was, is);
      if (inner !== undefined) patch[name] = inner;
    } else if (JSON.stringify(was) !== JSON.stringify(is)) patch[name] = is;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isPlain(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(definition: JsonObject | null, field: string): string {
  const value = definition?.[field];
  return typeof value === 'string' ? value : '';
}
