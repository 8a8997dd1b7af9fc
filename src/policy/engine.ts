/** An engine decides on facts, here or elsewhere. It never throws and never hangs: whatever fails is a deny. */
import type { CompiledPolicy, Decision, PolicyFacts } from '../model/policy.ts';
import { evaluate } from './evaluate.ts';

export interface EngineDecision extends Decision {
  /** The engine's own id of the decision, for its log; undefined where it has none. */
  readonly decisionId: string | undefined;
}

export interface Engine {
  readonly name: string;
  decide(facts: PolicyFacts): Promise<EngineDecision>;
}

export function createEmbeddedEngine(policy: CompiledPolicy): Engine {
  return { name: 'embedded', decide: (facts) => Promise.resolve({ ...evaluate(policy, facts), decisionId: undefined }) };
}
