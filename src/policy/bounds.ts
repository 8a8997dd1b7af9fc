/** Bounds on arguments: JSON pointers (RFC 6901) and what must hold there. */
import { compilePattern } from '../base/linear-pattern.ts';
import type { RulePart } from '../model/policy.ts';
import type { BoundConfig } from '../model/policy-config.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { numberOf } from './raw-number.ts';

type Check = (value: JsonValue | undefined) => boolean;

/** A bound on an argument that is absent does not hold, unless absence is what it asks for; `not` turns either round. */
export function compileBound(bound: BoundConfig): RulePart {
  const holds = boundHolds(bound);
  const { at, not, ...asked } = bound;
  return {
    part: 'arguments',
    text: `${at === '' ? 'the arguments' : at}${not ? ' not' : ''} ${JSON.stringify(asked)}`,
    uses: [`arguments:${at}`],
    isConditional: true,
    holds: (facts) => holds(facts.arguments),
  };
}

/** The bound as a test of arguments. */
export function boundHolds(bound: BoundConfig): (given: JsonObject) => boolean {
  const keys = bound.at
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const checks = checksOf(bound);
  return (given) => {
    const value = valueAt(given, keys);
    return checks.every((check) => check(value)) !== bound.not;
  };
}

function checksOf(bound: BoundConfig): Check[] {
  const checks: Check[] = [];
  const { equals, in: among, matches, min, max, maxLength, present } = bound;
  if (equals !== undefined) {
    const expected = canonicalJson(equals);
    checks.push((value) => value !== undefined && canonicalJson(value) === expected);
  }
  if (among !== undefined) {
    const expected = new Set(among.map((item) => canonicalJson(item)));
    checks.push((value) => value !== undefined && expected.has(canonicalJson(value)));
  }
  if (matches !== undefined) {
    const test = compilePattern(matches);
    if (test === undefined) throw new Error('not a pattern of RE2'); // the schema refused it
    checks.push((value) => typeof value === 'string' && test(value));
  }
  if (min !== undefined) checks.push((value) => (numberOf(value) ?? Number.NaN) >= min);
  if (max !== undefined) checks.push((value) => (numberOf(value) ?? Number.NaN) <= max);
  if (maxLength !== undefined) checks.push((value) => (typeof value === 'string' || Array.isArray(value)) && value.length <= maxLength);
  if (present !== undefined) checks.push((value) => (value !== undefined) === present);
  return checks;
}

function valueAt(root: JsonObject, keys: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = root;
  for (const key of keys) {
    if (Array.isArray(value)) value = /^(?:0|[1-9]\d*)$/.test(key) ? (value as readonly JsonValue[])[Number(key)] : undefined;
    else if (isObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}
