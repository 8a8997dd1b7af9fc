/** What the HTTP-based links know of their server: its address, its configured headers, and how to open connections. */
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { ServerSpec } from '../../model/server.ts';
import type { Dialer } from './dialer.ts';
import { HOPS_HEADER } from './hops.ts';
import { WirePool } from './wire-pool.ts';

export interface LinkDeps {
  readonly clock: Clock;
  readonly dialer: Dialer;
  /** From 0 to 1, for the spread of reconnections. */
  readonly random: () => number;
  /** sse: further headers of the stream's GET. */
  readonly streamHeaders?: Readonly<Record<string, string>>;
}

export interface ServerTarget {
  readonly server: string;
  readonly url: URL;
  /** Path with query. */
  readonly path: string;
  /** Configured headers with their values resolved, as name, value, name, value. */
  readonly headers: readonly string[];
  /** Names, in lower case, that a single message's headers must not replace. */
  readonly reserved: ReadonlySet<string>;
  openPool(connectionsMax: number): WirePool;
}

/** Framing and routing are ours alone. */
const REFUSED = ['host', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'expect', 'te', 'trailer', 'proxy-authorization', 'proxy-connection'];
/** Set by the link or the peer; a configured one of this name would only contradict it. */
const OWN = ['accept', 'content-type', 'accept-encoding', 'last-event-id', 'mcp-session-id', 'mcp-protocol-version', 'mcp-method', 'mcp-name', HOPS_HEADER];
const HEADER_BYTES_MAX = 16 * 1024;
const USER_AGENT = 'metamcp';

/**
 * Resolves the configured URL and headers. Throws `config.value_missing` (from `values`), `config.invalid` for a header
 * that cannot be sent, `egress.refused` for a URL that cannot be dialled.
 */
export function openServerTarget(spec: ServerSpec, values: (text: string) => string, { clock, dialer }: Pick<LinkDeps, 'clock' | 'dialer'>): ServerTarget {
  // Only what an operator wrote may name hosts of the inside.
  const address = values(spec.url);
  const proxy = spec.proxy === undefined ? undefined : values(spec.proxy);
  const target = spec.owner === undefined ? dialer.operatorTarget(address, spec.name, proxy) : dialer.guardedTarget(address, proxy);
  const { url } = target;
  const headers: string[] = [];
  const reserved = new Set(REFUSED);
  for (const [name, text] of Object.entries(spec.headers)) {
    const lower = name.toLowerCase();
    const value = values(text).trim();
    if (REFUSED.includes(lower) || !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(lower) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      // The value may be a secret: only the name is told.
      throw new Fault('config.invalid', { detail: `header ${JSON.stringify(name)} cannot be sent`, server: spec.name });
    }
    if (OWN.includes(lower)) continue;
    headers.push(lower, value);
    reserved.add(lower);
  }
  if (!reserved.has('user-agent')) headers.push('user-agent', USER_AGENT);
  // Deadlines belong to the peer, which knows the call; it aborts.
  const openPool = (connectionsMax: number): WirePool => new WirePool({ target, clock, connectionsMax, headBytesMax: HEADER_BYTES_MAX });
  return { server: spec.name, url, path: url.pathname + url.search, headers, reserved, openPool };
}

/** Adds a message's own headers to `fixed`; a name that configuration or framing owns is left out. */
export function withMessageHeaders(fixed: readonly string[], own: Readonly<Record<string, string>> | undefined, reserved: ReadonlySet<string>): string[] {
  const headers = fixed.slice();
  let hasHops = false;
  if (own !== undefined) {
    for (const name in own) {
      const lower = name.toLowerCase();
      if (reserved.has(lower)) continue;
      hasHops ||= lower === HOPS_HEADER;
      headers.push(lower, own[name] ?? '');
    }
  }
  if (!hasHops) headers.push(HOPS_HEADER, '1');
  return headers;
}
