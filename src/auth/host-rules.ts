/**
 * Which `Host` and `Origin` may speak to us: the guard against DNS rebinding and cross-site requests
 * (specification, transports, "Security"). Both are checked on every listener before anything is read.
 */
import type { HttpRequest } from '../base/http.ts';
import { Fault } from '../base/fault.ts';

export interface HostRules {
  /** Host names without port, lower case. Loopback names are always allowed. */
  readonly hosts: ReadonlySet<string>;
  /** Whole origins. Loopback origins on our own port are always allowed. */
  readonly origins: ReadonlySet<string>;
}

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Headers that mean one thing only; a second one is an attempt to let two readers see different requests. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'origin',
  'authorization',
  'content-type',
  'content-length',
  'x-api-key',
  'mcp-protocol-version',
  'mcp-session-id',
  'mcp-method',
  'mcp-name',
  'last-event-id',
]);

/** Headers whose doubling breaks the MCP mirror rules (-32020). */
const MIRROR_HEADERS: ReadonlySet<string> = new Set(['mcp-protocol-version', 'mcp-method', 'mcp-name']);

/** The last one that was good: clients say the same every time. */
let seen: { readonly header: string | undefined; readonly rules: HostRules | undefined } = { header: undefined, rules: undefined };

/** Makes the rules from public addresses (whole URLs) and further host names. */
export function createHostRules(publicUrls: readonly string[], allowedHosts: readonly string[]): HostRules {
  const urls = publicUrls.map((url) => new URL(url));
  return {
    hosts: new Set([...urls.map((url) => url.hostname.toLowerCase()), ...allowedHosts.map((host) => host.toLowerCase())]),
    origins: new Set(urls.map((url) => url.origin)),
  };
}

/** For what any site may read: documents without secrets, and what shows credentials of its own. Throws as `checkHostAndOrigin` does, but for the origin. */
export function checkHost(http: HttpRequest, rules: HostRules): void {
  const header = http.headers.host;
  const isSeen = header !== undefined && seen.header === header && seen.rules === rules;
  const host = isSeen ? undefined : hostName(header);
  if (!isSeen && (host === undefined || !(LOOPBACK_HOSTS.has(host) || rules.hosts.has(host)))) throw new Fault('request.host_refused', { detail: `Host ${http.headers.host ?? '(none)'}` });
  if (!isSeen) seen = { header, rules };
  // Node folds headers of one name into one: as many names as lines means that none is there twice.
  if (Object.keys(http.headers).length * 2 !== http.rawHeaders.length) checkSingle(http.rawHeaders);
}

/** Throws `request.duplicate_header`, `request.header_mismatch`, `request.host_refused` or `request.origin_refused`. */
export function checkHostAndOrigin(http: HttpRequest, rules: HostRules): void {
  checkHost(http, rules);
  const { origin } = http.headers;
  if (origin !== undefined && !isAllowedOrigin(origin, http, rules)) throw new Fault('request.origin_refused', { detail: `Origin ${origin}` });
}

function checkSingle(rawHeaders: readonly string[]): void {
  let seen = '';
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (!SINGLE_HEADERS.has(name)) continue;
    const mark = `|${name}|`;
    if (!seen.includes(mark)) {
      seen += mark;
      continue;
    }
    if (name === 'origin') throw new Fault('request.origin_refused', { detail: 'two Origin headers' });
    throw new Fault(MIRROR_HEADERS.has(name) ? 'request.header_mismatch' : 'request.duplicate_header', { detail: name });
  }
}

function isAllowedOrigin(origin: string, http: HttpRequest, rules: HostRules): boolean {
  if (rules.origins.has(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.origin !== origin) return false;
  const port = String(http.socket.localPort ?? '');
  // An origin leaves out the port that its scheme means anyway.
  const ownPort = url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
  return LOOPBACK_HOSTS.has(url.hostname) && ownPort === port;
}

/** Host without port; undefined where it is no host at all. */
function hostName(header: string | undefined): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase();
}
