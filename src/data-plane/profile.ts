/** What a namespace says about itself in `initialize` and `server/discover`: merged from its servers, attributed. */
import type { NamespaceSpec } from '../model/namespace.ts';
import { type Family, isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { TASKS_EXTENSION_ID } from '../protocol/revisions.ts';
import type { ServerProfile } from '../upstream/upstream.ts';

const INSTRUCTIONS_CHARS_MAX = 20_000;

/**
 * Capabilities towards clients. The lists' capabilities are always there, since servers come and go while clients
 * stay; completion, logging and extensions are as far as some server has them.
 */
export function mergedCapabilities(profiles: readonly ServerProfile[], family: Family, hasTasks: boolean): JsonObject {
  const has = (name: string): boolean => profiles.some((profile) => isObject(profile.capabilities[name]));
  const extensions: Record<string, JsonValue | undefined> = {};
  for (const profile of profiles) {
    if (!isObject(profile.capabilities['extensions'])) continue;
    const { __proto__: _, [TASKS_EXTENSION_ID]: tasks, ...others } = profile.capabilities['extensions'];
    // Tasks of 2025-11-25 and those of the extension cannot be translated into each other (SEP-2663).
    Object.assign(extensions, others, family === 'modern' && profile.family === 'modern' && tasks !== undefined ? { [TASKS_EXTENSION_ID]: tasks } : {});
  }
  return {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    completions: {},
    logging: {},
    ...(hasTasks && has('tasks') ? { tasks: mergedTasks(profiles) } : {}),
    ...(Object.keys(extensions).length > 0 ? { extensions } : {}),
  };
}

/** What some server can do with tasks, of whatever kind of request. */
function mergedTasks(profiles: readonly ServerProfile[]): JsonObject {
  const merged: Record<string, JsonValue | undefined> = {};
  for (const { family, capabilities } of profiles) {
    const tasks = capabilities['tasks'];
    if (family !== 'legacy' || !isObject(tasks)) continue;
    const { requests, list, cancel } = tasks;
    if (isObject(list)) merged['list'] = list;
    if (isObject(cancel)) merged['cancel'] = cancel;
    if (isObject(requests)) merged['requests'] = { ...(isObject(merged['requests']) ? merged['requests'] : {}), ...requests };
  }
  return merged;
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
