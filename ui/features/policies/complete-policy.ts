/** What fits where the cursor stands in a policy: names of fields, values that a field knows, names of what there is. */
import type { CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete';

/** Fields by the field that holds them; '' is the policy itself. Members of a list count as its own. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  '': ['description', 'mode', 'rules', 'use', 'with', 'approval'],
  rules: ['name', 'effect', 'priority', 'reason', 'who', 'what', 'arguments', 'time', 'when'],
  who: ['kinds', 'users', 'roles', 'groups', 'keys', 'clients', 'labels'],
  labels: ['agent', 'stage'],
  what: ['endpoints', 'namespaces', 'servers', 'primitives', 'names', 'risks'],
  arguments: ['at', 'equals', 'in', 'matches', 'min', 'max', 'maxLength', 'present', 'not'],
  time: ['days', 'from', 'to', 'not', 'timezone'],
  approval: ['users', 'groups', 'selfApproval', 'minutes'],
};

const VALUES: Readonly<Record<string, readonly string[]>> = {
  mode: ['enforce', 'shadow'],
  effect: ['allow', 'approve', 'deny'],
  kinds: ['anonymous', 'key', 'user', 'operator'],
  roles: ['operator', 'admin', 'member', 'auditor'],
  primitives: ['tool', 'prompt', 'resource', 'resourceTemplate'],
  risks: ['read-only', 'write', 'destructive'],
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
};

export function completePolicy(names: Readonly<Record<string, readonly string[]>>): CompletionSource {
  return (context) => {
    const word = context.matchBefore(/"?[\w.*-]*/);
    if (word === null || (word.from === word.to && !context.explicit)) return null;
    const place = placeAt(context, word.from);
    const options = place.isValue ? (VALUES[place.field] ?? names[place.field] ?? []) : (FIELDS[place.field] ?? []);
    return toResult(options, word, place.isValue);
  };
}

function toResult(options: readonly string[], word: { readonly from: number; readonly to: number; readonly text: string }, isValue: boolean): CompletionResult | null {
  if (options.length === 0) return null;
  return { from: word.from, options: options.map((label) => ({ label: `"${label}"`, displayLabel: label, type: isValue ? 'constant' : 'property', apply: isValue ? `"${label}"` : `"${label}": ` })), validFor: /^"?[\w.*-]*$/ };
}

/** The field that the cursor is a value of, or the field in whose object a name is written. */
function placeAt({ state }: CompletionContext, from: number): { readonly field: string; readonly isValue: boolean } {
  const before = state.sliceDoc(0, from);
  const isAfterColon = before.trimEnd().endsWith(':');
  const isInArray = enclosing(before) === '[';
  const field = isAfterColon ? /"([\w]+)"\s*:\s*$/.exec(before)?.[1] : fieldOf(before, isInArray);
  return { field: field ?? '', isValue: isAfterColon || isInArray };
}

/** The bracket that is open where a text ends. */
function enclosing(text: string): string | undefined {
  return openBrackets(text).at(-1)?.bracket;
}

/** The name before the bracket that is open: of the list itself, or of the object, or of the list that the object is in. */
function fieldOf(text: string, isInArray: boolean): string | undefined {
  const open = openBrackets(text);
  const names = open.map(({ at }) => /"([\w]+)"\s*:\s*$/.exec(text.slice(0, at))?.[1]);
  return isInArray ? names.at(-1) : (names.at(-1) ?? (open.at(-2)?.bracket === '[' ? names.at(-2) : undefined));
}

function openBrackets(text: string): { readonly bracket: string; readonly at: number }[] {
  const open: { readonly bracket: string; readonly at: number }[] = [];
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (isText && character === '\\') at++;
    else if (character === '"') isText = !isText;
    else if (!isText && (character === '{' || character === '[')) open.push({ bracket: character, at });
    else if (!isText && (character === '}' || character === ']')) open.pop();
  }
  return open;
}
