/**
 * Where a code may be sent: https, loopback, and private schemes that the operator lists. This rule stands before the
 * authorization server's library, at registration and at each request (OAuth 2.1 section 2.3.1; RFC 8252 section 7).
 */

const URI_CHARS_MAX = 2_048;
/** Visible ASCII only, and none of the characters that readers of URLs disagree about. */
const PLAIN = /^[!-~]+$/;
const AMBIGUOUS = /[\\<>"`{}|^]/;
const LOOPBACK_LITERALS: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]']);
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set([...LOOPBACK_LITERALS, 'localhost']);

/** Why nobody may be sent there, in a few words; undefined where it is allowed. */
export function redirectProblem(uri: string, schemes: readonly string[]): string | undefined {
  if (uri.length > URI_CHARS_MAX) return `longer than ${URI_CHARS_MAX} characters`;
  if (!PLAIN.test(uri) || AMBIGUOUS.test(uri)) return 'characters that do not belong into an address';
  const url = URL.parse(uri);
  if (url === null) return 'not an absolute address';
  if (uri.includes('#')) return 'a fragment';
  if (url.protocol === 'https:' || url.protocol === 'http:') return webProblem(uri, url);
  const scheme = url.protocol.slice(0, -1);
  if (!schemes.includes(scheme) || !uri.startsWith(`${scheme}:`)) return `the scheme ${scheme}`;
  return url.username === '' && url.password === '' ? undefined : 'credentials';
}

function webProblem(uri: string, url: URL): string | undefined {
  // What a browser would repair is not what was registered: `https:\\host`, `https:host`, upper case, dots, defaults.
  const authority = /^https?:\/\/([^/?]*)/.exec(uri)?.[1];
  if (authority === undefined || authority === '') return 'no host';
  if (authority.includes('@')) return 'credentials';
  if (authority.includes('%')) return 'an encoded host';
  if (!isHostAsWritten(authority, url)) return 'a host that is not in its plain form';
  if (url.hostname.endsWith('.')) return 'a host that ends with a dot';
  if (hasDotSegments(uri)) return 'dot segments';
  if (url.protocol === 'http:' && !LOOPBACK_HOSTS.has(url.hostname)) return 'http to another machine';
  return undefined;
}

function isHostAsWritten(authority: string, url: URL): boolean {
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(authority) ?? [];
  if (host === undefined || host !== url.hostname) return false;
  const isDefault = (url.protocol === 'https:' && port === '443') || (url.protocol === 'http:' && port === '80');
  return port === undefined || isDefault || port === url.port;
}

function hasDotSegments(uri: string): boolean {
  const path = /^https?:\/\/[^/?]*([^?]*)/.exec(uri)?.[1] ?? '';
  return path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
}

/** Whether `asked` is one of the registered addresses, character by character; for a loopback literal the port may differ (RFC 8252 section 7.3). */
export function isRegisteredRedirect(asked: string, registered: readonly string[]): boolean {
  if (registered.includes(asked)) return true;
  const portless = withoutLoopbackPort(asked);
  return portless !== undefined && registered.some((uri) => withoutLoopbackPort(uri) === portless);
}

function withoutLoopbackPort(uri: string): string | undefined {
  const [, host, rest] = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::\d{1,5})?((?:[/?].*)?)$/.exec(uri) ?? [];
  return host !== undefined && LOOPBACK_LITERALS.has(host) && URL.canParse(uri) ? `${host}${rest ?? ''}` : undefined;
}

/** Whether the address is on the user's own machine: any program there can wait at it. */
export function isLoopbackRedirect(uri: string): boolean {
  const url = URL.parse(uri);
  return url !== null && url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname);
}
