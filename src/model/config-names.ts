/** Which names servers, endpoints and other objects of the configuration may have, and records keyed by such names. */
import { z } from 'zod';

export interface NameRule {
  readonly pattern: RegExp;
  readonly expected: string;
}

/** Without `__` and not ending in `_`, so that `{server}__{own name}` splits in one way only. */
export const SERVER_NAME: NameRule = {
  pattern: /^(?!.*__)[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9-])?$/,
  expected: 'expected a server name: letters, digits, "-" and "_", first a letter or digit, without "__", not ending in "_", at most 64 characters',
};

/** Part of a public address. */
export const ENDPOINT_NAME: NameRule = {
  pattern: /^[a-zA-Z0-9_-]{1,128}$/,
  expected: 'expected an endpoint name: 1 to 128 letters, digits, "-" and "_"',
};

/** Names of namespaces and keys are for people. */
export const FREE_NAME: NameRule = {
  pattern: /^(?=\S)[^\p{Cc}]{0,127}\S$/u,
  expected: 'expected a name of 1 to 128 characters without control characters or spaces around it',
};

/** Key of an override: `{server}__{own name}`, split at the first `__`. */
export const OVERRIDE_KEY: NameRule = {
  pattern: /^.+?__.+$/,
  expected: 'expected a key of the form {server}__{own name}',
};

/**
 * An object whose keys are names. The rule is a check beside the values, not the record's key schema: that would leave
 * the value of a misnamed entry unchecked, and its problems untold.
 */
export function namedRecord<Value extends z.ZodType>(rule: NameRule, value: Value) {
  return z
    .record(z.string(), value)
    .superRefine(
      (record, context) => {
        if (typeof record !== 'object' || record === null) return;
        for (const name of Object.keys(record)) {
          if (!rule.pattern.test(name)) context.addIssue({ code: 'custom', path: [name], message: rule.expected, params: { part: 'key' } });
        }
      },
      { when: () => true },
    )
    .meta({ propertyNames: { pattern: rule.pattern.source } });
}
