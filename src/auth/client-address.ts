/**
 * The address of the client: that of the connection, unless it is a proxy which the operator trusts
 * (`METAMCP_TRUSTED_PROXIES`); then the last address in `X-Forwarded-For` that is not such a proxy.
 */
import type { HttpRequest } from '../base/http.ts';
import ipaddr from 'ipaddr.js';

export type AddressOf = (http: HttpRequest) => string;

type Range = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** `trusted`: addresses, CIDR ranges, or `loopback`. */
export function createAddressOf(trusted: readonly string[]): AddressOf {
  const ranges = trusted.flatMap((text) => (text === 'loopback' ? ['127.0.0.0/8', '::1/128'] : [text])).map(toRange);
  if (ranges.length === 0) return (http) => http.socket.remoteAddress ?? '';
  return (http) => {
    const peer = http.socket.remoteAddress ?? '';
    if (!isIn(peer, ranges)) return peer;
    const forwarded = http.headers['x-forwarded-for'];
    const hops = (typeof forwarded === 'string' ? forwarded : '').split(',').map((hop) => hop.trim());
    return hops.findLast((hop) => ipaddr.isValid(hop) && !isIn(hop, ranges)) ?? peer;
  };
}

function toRange(text: string): Range {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.process(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function isIn(text: string, ranges: readonly Range[]): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  return ranges.some(([range, bits]) => address.kind() === range.kind() && address.match(range, bits));
}
