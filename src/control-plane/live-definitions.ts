/** Definitions as servers give them now, as the control plane needs them; the wiring fills it in. */
import type { DefinitionKey } from '../model/definition.ts';
import type { Verdict } from '../policy/definitions/judge.ts';
import type { JsonObject } from '../protocol/messages.ts';

export interface LiveDefinition extends DefinitionKey {
  /** The server's name in the namespace. */
  readonly as: string;
  readonly definition: JsonObject;
  /** The server's, which models read with its definitions. */
  readonly instructions: string | undefined;
  readonly verdict: Verdict;
}

export interface LiveDefinitions {
  /** Of servers that told theirs; empty where the namespace checks nothing. */
  inspect(namespace: string): readonly LiveDefinition[];
}
