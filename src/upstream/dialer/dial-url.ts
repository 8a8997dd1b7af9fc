/** The parts of an outgoing URL that are judged before any name is resolved. */
import { Fault } from '../../base/fault.ts';

/**
 * Ports that speak another protocol which can be abused with HTTP's bytes (WHATWG Fetch, "port blocking"), and the
 * stores a gateway commonly sits beside. For URLs that no operator wrote.
 */
const BLOCKED_PORTS = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139,
  143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 2375,
  2379, 3306, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9200, 10080, 11211, 27017,
]);

/** WHATWG parse; `http` or `https`, no userinfo, a host. Throws `egress.refused`. */
export function parseDialUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw refusal('not a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refusal(`scheme ${url.protocol}`);
  if (url.username !== '' || url.password !== '') throw refusal('userinfo in the URL');
  if (url.hostname === '') throw refusal('no host');
  return url;
}

/** The host as `net` wants it: IPv6 without brackets, without the final dot of an absolute name. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

export function isBlockedPort(port: number): boolean {
  return BLOCKED_PORTS.has(port);
}

function refusal(detail: string): Fault {
  return new Fault('egress.refused', { detail });
}
