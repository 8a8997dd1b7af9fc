/** What a query of records asks, as SQL conditions; the same for both dialects but for the placeholders. */
import type { RecordQuery } from '../audit/audit-store.ts';

export interface Conditions {
  /** Begins with `where`; empty where everything is wanted. */
  readonly text: string;
  readonly values: readonly (string | number)[];
}

const EQUAL = [
  ['credential', 'credential'],
  ['endpoint', 'endpoint'],
  ['server', 'server'],
  ['tool', 'tool'],
  ['method', 'method'],
  ['effect', 'effect'],
  ['action', 'action'],
  ['subject', 'subject'],
  ['callId', 'call_id'],
] as const;

/** `placeholder` gets the number of the value, from 1. */
export function toConditions(query: RecordQuery & { readonly afterPosition?: number | undefined }, placeholder: (number: number) => string): Conditions {
  const parts: string[] = [];
  const values: (string | number)[] = [];
  const add = (text: (...marks: string[]) => string, ...given: (string | number)[]): void => {
    const marks = given.map((_, index) => placeholder(values.length + index + 1));
    values.push(...given);
    parts.push(text(...marks));
  };
  for (const [member, column] of EQUAL) {
    const value = query[member];
    if (value !== undefined) add((mark) => `${column} = ${mark}`, value);
  }
  if (query.principals !== undefined) {
    if (query.principals.length === 0) parts.push('1 = 0');
    else add((...marks) => `principal in (${marks.join(', ')})`, ...query.principals);
  }
  if (query.kinds !== undefined) add((...marks) => `kind in (${marks.join(', ')})`, ...query.kinds);
  if (query.outcome === 'failed') parts.push("outcome <> 'ok'");
  // The index is of what is not ok.
  else if (query.outcome !== undefined) add((mark) => `outcome = ${mark}${query.outcome === 'ok' ? '' : " and outcome <> 'ok'"}`, query.outcome);
  if (query.isForServers === true) parts.push('server is not null');
  if (query.beforePosition !== undefined) add((mark) => `position < ${mark}`, query.beforePosition);
  if (query.afterPosition !== undefined) add((mark) => `position >= ${mark}`, query.afterPosition);
  // Positions follow time, so the index on time would only bring a sort.
  if (query.fromMs !== undefined) add((mark) => `at_ms + 0 >= ${mark}`, query.fromMs);
  if (query.toMs !== undefined) add((mark) => `at_ms + 0 < ${mark}`, query.toMs);
  return { text: parts.length === 0 ? '' : `where ${parts.join(' and ')}`, values };
}
