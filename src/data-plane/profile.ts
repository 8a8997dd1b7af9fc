/** What a namespace says about itself in `initialize` and `server/discover`: merged from its servers, attributed. */
import type { NamespaceSpec } from '../model/namespace.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import type { ServerProfile } from '../upstream/upstream.ts';

const INSTRUCTIONS_CHARS_MAX = 20_000;

/**
 * Capabilities towards clients. The lists' capabilities are always there, since servers come and go while clients
 * stay; completion, logging and extensions are as far as some server has them.
 */
export function mergedCapabilities(profiles: readonly ServerProfile[], family: 'legacy' | 'modern'): JsonObject {
  const has = (name: string): boolean => profiles.some((profile) => isObject(profile.capabilities[name]));
  const extensions: Record<string, JsonValue | undefined> = {};
  for (const profile of profiles) if (isObject(profile.capabilities['extensions'])) Object.assign(extensions, withoutPrototype(profile.capabilities['extensions']));
  return {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    completions: {},
    logging: {},
    ...(family === 'legacy' && has('tasks') ? { tasks: mergedTasks(profiles) } : {}),
    ...(Object.keys(extensions).length > 0 ? { extensions } : {}),
  };
}

function mergedTasks(profiles: readonly ServerProfile[]): JsonValue {
  return profiles.find((profile) => profile.family === 'legacy' && isObject(profile.capabilities['tasks']))?.capabilities['tasks'] ?? {};
}

function withoutPrototype(object: JsonObject): JsonObject {
  const { __proto__: _, ...rest } = object;
  return rest;
}

/** The namespace's own description, then each server's instructions under its name. */
export function mergedInstructions(namespace: NamespaceSpec, profileOf: (server: string) => ServerProfile | undefined): string | undefined {
  const parts = namespace.description === '' ? [] : [namespace.description];
  for (const { server, as } of namespace.members) {
    const instructions = profileOf(server)?.instructions;
    if (instructions !== undefined && instructions !== '') parts.push(`## Server "${as}"\n\n${instructions}`);
  }
  const text = parts.join('\n\n');
  if (text === '') return undefined;
  return text.length <= INSTRUCTIONS_CHARS_MAX ? text : `${text.slice(0, INSTRUCTIONS_CHARS_MAX)}\n\n[cut: ${text.length - INSTRUCTIONS_CHARS_MAX} more characters]`;
}
