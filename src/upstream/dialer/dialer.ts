/**
 * The dialer: the one place through which every outgoing connection goes.
 *
 * URL → scheme, userinfo and port → all addresses of the name, resolved once → every one of them allowed → a
 * connection to exactly those addresses, with the name in Host and SNI. Because the checked addresses are pinned, a
 * name that answers differently the second time gains nothing (DNS rebinding).
 *
 * A URL that an operator wrote allows its own host and port, private networks included. Any other URL goes by
 * `address-rule.ts`, and whatever goes wrong with it is one and the same fault, so that it cannot be used to find out
 * what lies in our network.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { buildConnector } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { canonicalAddress, type EgressAllowance, isAllowedBy, isMetadataAddress, isPublicAddress } from './address-rule.ts';
import { hostOf, isBlockedPort, parseDialUrl, portOf } from './dial-url.ts';
import { openTunnel, parseProxy, type ProxyAddress } from './proxy-tunnel.ts';
import { DialError, openSocket } from './open-socket.ts';

/** All IPv4 and IPv6 addresses of a name. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;

/** Something of ours that must not be reached from outside through us: a listener, the database, the shared store. */
export interface OwnListener {
  /** An address, or `0.0.0.0` or `::` for all of this machine. */
  readonly address: string;
  readonly port: number;
}

export interface DialerOptions {
  readonly clock: Clock;
  /** Asked at each connection, since listeners may come later. */
  readonly ownListeners: () => readonly OwnListener[];
  /** Default: the system's resolver, which also reads the hosts file. */
  readonly lookup?: Lookup;
  /** Opens private networks for URLs that no operator wrote. Asked at each connection. */
  readonly allowances?: () => readonly EgressAllowance[];
  /** PEM certificates trusted beside those of the system and NODE_EXTRA_CA_CERTS. */
  readonly certificateAuthorities?: readonly string[];
  readonly connectTimeoutMs?: number;
}

/** One host and port to dial; give `connect` to an undici Pool or Client for `url.origin`. */
export interface DialTarget {
  readonly url: URL;
  /** Fails with `egress.refused` or `upstream.unavailable` (reason `upstream_dns`, `upstream_refused`, `upstream_tls`, `upstream_timeout`). */
  readonly connect: buildConnector.connector;
  /** A connection all of whose data goes to `read`, each chunk its own. Rejects as `connect` fails. */
  open(read: (chunk: Buffer) => void): Promise<Socket>;
}

/** `proxy`: an address as `http://user:password@proxy.example:3128`. It is dialled by the rule for the URL; behind it, names are the proxy's to resolve. */
export interface Dialer {
  /** For a URL that an operator wrote. Throws `egress.refused` for one that can never be dialled. `server` is named in faults. */
  operatorTarget(url: string, server: string, proxy?: string): DialTarget;
  /** For any other URL: a redirect's target, a discovery document, an address that a server or client named. Throws `egress.refused`. */
  guardedTarget(url: string, proxy?: string): DialTarget;
}

const CONNECT_TIMEOUT_MS = 5_000;

interface Judge {
  /** Undefined where the address is allowed, else why not. */
  refusal(address: string): string | undefined;
  fault(error: unknown): Fault;
}

export function createDialer(options: DialerOptions): Dialer {
  return {
    operatorTarget(text, server, proxy) {
      const url = parseDialUrl(text);
      return target(options, url, { judge: operatorJudge(url, server), via: proxy === undefined ? undefined : viaProxy(proxy, (proxyUrl) => operatorJudge(proxyUrl, server)) });
    },
    guardedTarget(text, proxy) {
      const url = parseDialUrl(text);
      if (isBlockedPort(portOf(url))) throw new Fault('egress.refused', { detail: `port ${portOf(url)}` });
      const judge = guardedJudge(options, url);
      // A literal is judged at once; a name only when it is dialled.
      const refusal = isIP(hostOf(url)) === 0 ? undefined : judge.refusal(hostOf(url));
      if (refusal !== undefined) throw new Fault('egress.refused', { detail: refusal });
      return target(options, url, { judge, via: proxy === undefined ? undefined : viaProxy(proxy, (proxyUrl) => guardedJudge(options, proxyUrl)) });
    },
  };
}

interface Via extends ProxyAddress {
  readonly judge: Judge;
}

interface Way {
  readonly judge: Judge;
  readonly via: Via | undefined;
}

function viaProxy(text: string, judgeOf: (url: URL) => Judge): Via {
  const proxy = parseProxy(text);
  return { ...proxy, judge: judgeOf(proxy.url) };
}

type Read = (chunk: Buffer) => void;

function target(options: DialerOptions, url: URL, { judge, via }: Way): DialTarget {
  const open = (read: Read | undefined): Promise<Socket> =>
    (via === undefined ? dial(options, url, judge, read) : dialThrough(options, url, via, read)).catch((error: unknown) => {
      throw judge.fault(error);
    });
  return {
    url,
    connect: (_options, callback) => {
      open(undefined).then(
        (socket) => callback(null, socket),
        (error: unknown) => callback(toFault(error), null),
      );
    },
    open,
  };
}

async function dial(options: DialerOptions, url: URL, judge: Judge, read?: Read): Promise<Socket> {
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const startedMs = options.clock.monotonicMs();
  const addresses = await resolve(options, hostOf(url), timeoutMs);
  for (const address of addresses) {
    const refusal = judge.refusal(address);
    if (refusal !== undefined) throw new Fault('egress.refused', { detail: `${url.host}: ${refusal}` });
  }
  const leftMs = timeoutMs - (options.clock.monotonicMs() - startedMs);
  return openSocket({ url, addresses, timeoutMs: leftMs, certificateAuthorities: options.certificateAuthorities ?? [], read }, options.clock);
}

/** Host and port as they are written go to the proxy. A fault of the way to it says so. */
async function dialThrough(options: DialerOptions, url: URL, via: Via, read: Read | undefined): Promise<Socket> {
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const startedMs = options.clock.monotonicMs();
  const leftMs = (): number => Math.max(1, timeoutMs - (options.clock.monotonicMs() - startedMs));
  const socket = await dial(options, via.url, via.judge).catch((error: unknown) => {
    throw error instanceof DialError ? new DialError(error.step, `proxy ${via.url.host}: ${error.message}`) : error;
  });
  await openTunnel(socket, { url, authorization: via.authorization, timeoutMs: leftMs() }, options.clock);
  if (url.protocol === 'http:') return read === undefined ? socket : socket.on('data', read);
  return openSocket({ url, addresses: [], through: socket, timeoutMs: leftMs(), certificateAuthorities: options.certificateAuthorities ?? [], read }, options.clock);
}

async function resolve(options: DialerOptions, hostname: string, timeoutMs: number): Promise<readonly string[]> {
  if (isIP(hostname) !== 0) return [hostname];
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const cancelTimer = options.clock.after(timeoutMs, () => reject(new DialError('timeout', 'the name was not resolved in time')));
  try {
    const addresses = await Promise.race([(options.lookup ?? lookupAll)(hostname), timeout]);
    if (addresses.length === 0) throw new DialError('dns', 'the name has no address');
    return addresses;
  } catch (error) {
    throw error instanceof DialError ? error : new DialError('dns', error);
  } finally {
    cancelTimer();
  }
}

async function lookupAll(hostname: string): Promise<readonly string[]> {
  const found = await systemLookup(hostname, { all: true, order: 'verbatim' });
  return found.map((entry) => entry.address);
}

function operatorJudge(url: URL, server: string): Judge {
  const isLiteral = isIP(hostOf(url)) !== 0;
  return {
    refusal(address) {
      if (canonicalAddress(address) === undefined) return 'not an address';
      // Whoever runs the name's DNS is not the operator: it must not turn a server into the metadata service.
      return !isLiteral && isMetadataAddress(address) ? `${address} is a metadata service` : undefined;
    },
    fault(error) {
      if (error instanceof Fault) return new Fault(error.code, { detail: error.detail ?? '', server, cause: error });
      const step = error instanceof DialError ? error.step : 'refused';
      const detail = `${url.host}: ${error instanceof Error ? error.message : String(error)}`;
      return new Fault('upstream.unavailable', { reason: `upstream_${step}`, detail, server, cause: error });
    },
  };
}

function guardedJudge(options: DialerOptions, url: URL): Judge {
  const port = portOf(url);
  return {
    refusal(address) {
      if (isOwn(options.ownListeners(), address, port)) return `${address} port ${port} is ours`;
      if (isPublicAddress(address) || isAllowedBy(options.allowances?.() ?? [], address, port)) return undefined;
      return `${address} is not public`;
    },
    fault(error) {
      const detail = error instanceof Fault ? error.detail : error instanceof Error ? error.message : String(error);
      return new Fault('egress.refused', { detail: `${url.host}: ${detail ?? ''}`, cause: error });
    },
  };
}

function isOwn(listeners: readonly OwnListener[], address: string, port: number): boolean {
  const canonical = canonicalAddress(address);
  return listeners.some((listener) => {
    if (listener.port !== port) return false;
    const own = canonicalAddress(listener.address);
    if (own === canonical) return true;
    return (own === '0.0.0.0' || own === '::') && isOfThisMachine(canonical);
  });
}

function isOfThisMachine(address: string | undefined): boolean {
  if (address === undefined || address === '::1' || address === '::' || address === '0.0.0.0' || address.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((entries) => entries?.some((entry) => canonicalAddress(entry.address) === address) ?? false);
}
