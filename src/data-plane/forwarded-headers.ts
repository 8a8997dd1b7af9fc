/** The headers of a client's request that an operator lets through to a server, and no others. */
import type { Admitted } from './exchange.ts';

/** RFC 9110 section 5.5, without the line breaks that would begin another header. */
const UNSENDABLE = /[^\t\x20-\x7e\x80-\xff]/g;
const VALUE_CHARS_MAX = 8_192;

/** `headers` with the allowed ones of the client's request added; they never replace one of ours. */
export function withForwarded({ http, snapshot, target }: Pick<Admitted, 'http' | 'snapshot' | 'target'>, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const allowed = snapshot.servers.get(target.server)?.forwardHeaders;
  if (allowed === undefined) return headers;
  const forwarded: Record<string, string> = {};
  for (const [from, to] of Object.entries(allowed)) {
    const value = http.headers[from];
    if (typeof value === 'string' && value.length <= VALUE_CHARS_MAX) forwarded[to] = value.replace(UNSENDABLE, '');
  }
  return { ...forwarded, ...headers };
}
