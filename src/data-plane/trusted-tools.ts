/** Whose word counts: annotations are a server's own claims (specification, server/tools, "Tool Annotations"), so the operator says whom to believe. */
import { SEPARATOR } from '../protocol/names.ts';
import { isObject } from '../protocol/messages.ts';
import type { Entry } from './catalog.ts';
import type { Decoded } from './exchange.ts';

type Where = Pick<Decoded, 'endpoint' | 'snapshot'>;

/** Believed are servers that the configuration trusts, and overrides of the very tool. */
export function isTrusted(entry: Entry | undefined, { endpoint, snapshot }: Where): boolean {
  if (entry === undefined) return false;
  const annotations = endpoint.namespace.overrides.tool.get(entry.member.as + SEPARATOR + entry.own)?.annotations;
  return annotations?.['readOnlyHint'] !== undefined || snapshot.servers.get(entry.member.server)?.trustsAnnotations === true;
}

/** It says that it only reads, and is believed. */
export function readsOnly(entry: Entry | undefined, where: Where): boolean {
  const annotations = entry?.definition['annotations'];
  return isObject(annotations) && annotations['readOnlyHint'] === true && isTrusted(entry, where);
}
