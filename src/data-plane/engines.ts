/**
 * External engines of policy, as admission and lists ask them. A call is asked about every time: its arguments and the
 * time count. What a list shows is asked about tool by tool and remembered for as long as clients may keep a list.
 */
import { Fault } from '../base/fault.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import type { Decision } from '../model/policy.ts';
import type { PolicyEngineSpec } from '../model/policy-engine.ts';
import type { Principal } from '../model/principal.ts';
import { type Action, factsOf } from '../policy/decide.ts';
import type { Engine } from '../policy/engine.ts';
import { stricter } from '../policy/evaluate.ts';

/** Lists are asked for every so often; modern clients may keep one for as long. */
const REMEMBERED_MS = 5_000;
const REMEMBERED_MAX = 20_000;
/** Questions at a time for one list. */
const PARALLEL_MAX = 16;

interface Remembered {
  readonly atMs: number;
  readonly isHidden: boolean;
}

export interface EnginesDeps {
  readonly create: (spec: PolicyEngineSpec) => Engine;
  /** Monotonic. */
  readonly nowMs: () => number;
}

export class Engines {
  readonly #deps: EnginesDeps;
  readonly #engines = new WeakMap<PolicyEngineSpec, Engine>();
  /** By namespace of one snapshot: another configuration asks afresh. */
  readonly #seen = new WeakMap<NamespaceSpec, Map<string, Remembered>>();

  constructor(deps: EnginesDeps) {
    this.#deps = deps;
  }

  /** The stricter of what the policies said and what the engine says. Never rejects: whatever fails is a deny. */
  async decide(namespace: NamespaceSpec, spec: PolicyEngineSpec, asked: { readonly principal: Principal; readonly action: Action; readonly own: Decision }): Promise<Decision> {
    const { own, principal, action } = asked;
    const told = await this.#engineOf(spec).decide(factsOf(namespace, principal, action));
    return { ...stricter(own, told), shadow: own.shadow, decisionId: told.decisionId };
  }

  /** Which of these lists leave out. Rejects with `policy.denied` where the engine cannot be asked: an empty list would look like the truth. */
  async hidden(namespace: NamespaceSpec, spec: PolicyEngineSpec, asked: { readonly principal: Principal; readonly actions: readonly Action[] }): Promise<boolean[]> {
    const { principal, actions } = asked;
    let known = this.#seen.get(namespace);
    if (known === undefined) this.#seen.set(namespace, (known = new Map<string, Remembered>()));
    const seen = known;
    const found: boolean[] = [];
    const who = JSON.stringify(principal);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let index = next++; index < actions.length; index = next++) {
        const action = actions[index];
        if (action !== undefined) found[index] = await this.#isHidden(action, { namespace, spec, principal, seen, who });
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL_MAX, actions.length) }, work));
    return found;
  }

  async #isHidden(action: Action, about: { readonly namespace: NamespaceSpec; readonly spec: PolicyEngineSpec; readonly principal: Principal; readonly seen: Map<string, Remembered>; readonly who: string }): Promise<boolean> {
    const { namespace, spec, principal, seen, who } = about;
    const key = [who, JSON.stringify(action.claimed), action.endpoint, action.server, action.primitive, action.name].join('\n');
    const nowMs = this.#deps.nowMs();
    const remembered = seen.get(key);
    if (remembered !== undefined && nowMs - remembered.atMs < REMEMBERED_MS) return remembered.isHidden;
    const decision = await this.#engineOf(spec).decide(factsOf(namespace, principal, action));
    if (isEngineFailure(decision)) throw engineFailure(decision);
    const isHidden = decision.effect === 'deny' && decision.isStatic;
    if (seen.size >= REMEMBERED_MAX) seen.clear();
    seen.set(key, { atMs: nowMs, isHidden });
    return isHidden;
  }

  #engineOf(spec: PolicyEngineSpec): Engine {
    let engine = this.#engines.get(spec);
    if (engine === undefined) this.#engines.set(spec, (engine = this.#deps.create(spec)));
    return engine;
  }
}

/** No rule denied: the engine could not be asked, or said nothing that is a decision. */
export function isEngineFailure({ rule }: Decision): boolean {
  return rule.startsWith('error:opa_');
}

export function engineFailure({ rule }: Decision): Fault {
  return new Fault('policy.denied', { message: 'The policy engine cannot be asked; until it answers nothing is allowed.', reason: 'policy_engine', detail: rule });
}
