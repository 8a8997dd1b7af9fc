/** The headers of a client's request that an operator lets through to a server, and those that say who makes the call; no others. */
import { fillTemplate } from '../model/principal-template.ts';
import type { Admitted } from './exchange.ts';

/** RFC 9110 section 5.5, without the line breaks that would begin another header. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/g;
const VALUE_CHARS_MAX = 8_192;

/** `headers` with the allowed ones of the client's request and those of its principal added; they never replace one of ours. */
export function withForwarded({ http, snapshot, target, principal }: Pick<Admitted, 'http' | 'snapshot' | 'target' | 'principal'>, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const spec = snapshot.servers.get(target.server);
  if (spec?.forwardHeaders === undefined) return headers;
  const added: Record<string, string> = {};
  for (const [from, to] of Object.entries(spec.forwardHeaders)) {
    const value = http.headers[from];
    if (typeof value === 'string' && value.length <= VALUE_CHARS_MAX) added[to] = value.replace(UNSENDABLE, '');
  }
  // After what the client says of itself: this is what we know.
  for (const [name, template] of Object.entries(spec.principalHeaders ?? {})) added[name] = fillTemplate(template, principal).slice(0, VALUE_CHARS_MAX);
  return { ...added, ...headers };
}
