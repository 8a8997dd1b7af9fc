/**
 * Loop protection between gateways: every request to an HTTP server tells how many gateways it has passed. A gateway
 * that is reached with more than `HOPS_MAX` refuses, so two that list each other cannot call in circles.
 */

/** Decimal count of gateways passed; absent means none. */
export const HOPS_HEADER = 'x-metamcp-hops';
export const HOPS_MAX = 4;

/** Reads the header; anything but a small decimal counts as too many, since only a gateway writes it. */
export function readHops(value: string | undefined): number {
  if (value === undefined) return 0;
  return /^\d{1,3}$/.test(value) ? Number(value) : HOPS_MAX + 1;
}
