/**
 * Which IP addresses may be dialled when nobody named the host on purpose: public unicast ones only. Everything that
 * leads back into a network of ours (loopback, private, link-local, translation prefixes, cloud metadata) is refused.
 */
import ipaddr from 'ipaddr.js';

/** All public IPv6 lies here (RFC 4291 section 2.4, IANA); outside are `::/96`, site-local and whatever comes later. */
const PUBLIC_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
/** For documentation (RFC 9637), which the library does not know yet. */
const DOCUMENTATION_IPV6 = ipaddr.IPv6.parseCIDR('3fff::/20');

/**
 * Where clouds serve credentials to whoever asks. Refused even inside an allowed network. The Azure one is a public
 * unicast address by its range.
 */
const METADATA = new Set(['169.254.169.254', '169.254.170.2', '100.100.100.200', '192.0.0.192', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254']);

/** The address in its one canonical spelling, IPv4-mapped IPv6 as IPv4; undefined for what is no address. */
export function canonicalAddress(address: string): string | undefined {
  return ipaddr.isValid(address) && !address.includes('%') ? ipaddr.process(address).toString() : undefined;
}

export function isMetadataAddress(address: string): boolean {
  const canonical = canonicalAddress(address);
  return canonical !== undefined && METADATA.has(canonical);
}

/** False for every address that is not plainly public, and for what is no address. */
export function isPublicAddress(address: string): boolean {
  const canonical = canonicalAddress(address);
  if (canonical === undefined || METADATA.has(canonical)) return false;
  const parsed = ipaddr.parse(canonical);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || (parsed.match(PUBLIC_IPV6) && !parsed.match(DOCUMENTATION_IPV6));
}

/** A network and port that an operator opened for addresses the rule would refuse. */
export interface EgressAllowance {
  /** For example `10.1.0.0/16` or `fd12::/48`. */
  readonly cidr: string;
  /** `*`: every port. */
  readonly port: number | '*';
}

/** Whether an allowance covers the address and port. Metadata addresses are never covered. */
export function isAllowedBy(allowances: readonly EgressAllowance[], address: string, port: number): boolean {
  const canonical = canonicalAddress(address);
  if (canonical === undefined || METADATA.has(canonical)) return false;
  const parsed = ipaddr.parse(canonical);
  return allowances.some((allowance) => {
    if ((allowance.port !== '*' && allowance.port !== port) || !ipaddr.isValidCIDR(allowance.cidr)) return false;
    const [network, bits] = ipaddr.parseCIDR(allowance.cidr);
    return network.kind() === parsed.kind() && parsed.match([network, bits] as [ipaddr.IPv4, number]);
  });
}

/** From `10.1.0.0/16:443`, `[fd12::/48]:443` or `10.1.2.3/32:*`, as the setting `egressAllow` has it. */
export function toEgressAllowance(text: string): EgressAllowance {
  const cut = text.lastIndexOf(':');
  const port = text.slice(cut + 1);
  return { cidr: text.slice(0, cut).replace(/^\[|\]$/g, ''), port: port === '*' ? '*' : Number(port) };
}
