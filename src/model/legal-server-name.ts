/** Names that other programs allow and we do not, mapped to legal ones. */
import { SERVER_NAME } from './config-names.ts';

/**
 * A legal name as close to the given one as can be, and not taken: other characters become `-`, runs of `_` one,
 * and a taken name gets the first free number.
 */
export function legalServerName(name: string, taken: { has(name: string): boolean }): string {
  const cleaned = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/_{2,}/g, '_')
    .replace(/^[-_]+|[-_]+$/g, '')
    .slice(0, 56)
    .replace(/_+$/, '');
  // A name that was legal stays as it is, also one that ends in "-".
  const legal = SERVER_NAME.pattern.test(name) ? name : cleaned === '' ? 'server' : cleaned;
  let unique = legal;
  for (let number = 2; taken.has(unique); number += 1) unique = `${legal.slice(0, 56)}-${number}`;
  return unique;
}
