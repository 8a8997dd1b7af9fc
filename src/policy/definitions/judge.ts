/**
 * What becomes of a definition: whether it is as it was approved, and whether clients may see it. Pure.
 *
 * Hidden text and names taken from another server's approved tool are kept from clients whatever the mode, until a
 * person approves exactly that definition: nothing honest has them.
 */
import type { IntegrityMode, Pin } from '../../model/definition.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { definitionHash } from './definition-hash.ts';
import { screenDefinition, type Screening } from './screen.ts';

/** `pinned`: as approved; `new`: nothing was decided; `changed`: another was approved; `rejected`: refused by a person. */
export type DefinitionState = 'pinned' | 'new' | 'changed' | 'rejected';

export interface Verdict {
  readonly state: DefinitionState;
  /** Not listed and not callable. */
  readonly isQuarantined: boolean;
  /** A person should look. */
  readonly isFlagged: boolean;
  readonly hash: string;
  /** Of the words alone; 0 for most. */
  readonly score: number;
  /** For people; never quotes the definition. */
  readonly reasons: readonly string[];
}

export interface DefinitionFacts {
  readonly hash: string;
  readonly screening: Screening;
}

const known = new WeakMap<JsonObject, { readonly instructions: string | undefined; readonly facts: DefinitionFacts }>();

/** Hash and screening, made once for each definition. */
export function factsOf(definition: JsonObject, instructions: string | undefined): DefinitionFacts {
  const before = known.get(definition);
  if (before !== undefined && before.instructions === instructions) return before.facts;
  const facts = { hash: definitionHash(definition, instructions), screening: screenDefinition(definition) };
  known.set(definition, { instructions, facts });
  return facts;
}

export interface Case {
  readonly mode: Exclude<IntegrityMode, 'off'>;
  readonly pin: Pin | undefined;
  readonly facts: DefinitionFacts;
  /** The server whose approved tool has the same exposed name; undefined for most. */
  readonly shadowed: string | undefined;
  /** Whether anything of the server was approved: if not, all of it is new, which is no news. */
  readonly isServerKnown: boolean;
}

export function judgeDefinition({ mode, pin, facts, shadowed, isServerKnown }: Case): Verdict {
  const { hash, screening } = facts;
  const state = stateOf(hash, pin);
  const isOpen = state === 'new' || state === 'changed';
  const reasons = [
    ...(state === 'changed' ? ['changed since it was approved'] : []),
    ...(state === 'new' && isServerKnown ? ['new since the server was approved'] : []),
    ...(state === 'rejected' ? ['was rejected'] : []),
    ...(shadowed === undefined ? [] : [`takes the name of an approved one of ${shadowed}`]),
    ...screening.reasons,
  ];
  const isDeceptive = screening.hidden.length > 0 || shadowed !== undefined;
  return {
    state,
    hash,
    reasons,
    score: screening.score,
    isQuarantined: state === 'rejected' || (isOpen && (mode === 'quarantine' || isDeceptive)),
    isFlagged: state !== 'pinned' && (mode === 'quarantine' || reasons.length > 0 || screening.isFlagged),
  };
}

function stateOf(hash: string, pin: Pin | undefined): DefinitionState {
  if (pin?.rejectedHash === hash) return 'rejected';
  if (pin?.hash === undefined) return 'new';
  return pin.hash === hash ? 'pinned' : 'changed';
}
