/**
 * Open Policy Agent as engine, over its REST API (`POST /v1/data/{path}`, "Get a Document (with Input)"). The facts are
 * the input. The document is a boolean, or an object with `effect` (allow, approve or deny) or `allow` (boolean), and
 * optionally `rule` and `reason`. Anything else, no answer or a late one denies.
 *
 * Lists ask about each tool without arguments and hide what is denied, unless the document says `conditional: true`: then
 * the arguments or the time decide, the tool stays listed, and a call that is denied says so.
 */
import { z } from 'zod';
import { type Decision, EFFECTS, type Effect, type PolicyFacts } from '../model/policy.ts';
import { toDecision } from './compile-rule.ts';
import type { Engine, EngineDecision } from './engine.ts';
import { isClaiming, stricter, withClaims } from './evaluate.ts';

/** Sends JSON, gives the answer's status and text. Rejects, at the latest after `timeoutMs`, where there is none. */
export type PostJson = (url: string, body: string, timeoutMs: number) => Promise<{ readonly status: number; readonly body: string }>;

export const OPA_TIMEOUT_MS = 50;

export interface OpaOptions {
  /** Address of the server, such as http://127.0.0.1:8181. */
  readonly url: string;
  /** Path of the document, such as `metamcp/decision`. */
  readonly path: string;
  readonly timeoutMs?: number;
  readonly post: PostJson;
}

const AnswerSchema = z.object({
  decision_id: z.string().optional(),
  result: z.union([
    z.boolean(),
    z.object({ effect: z.enum(EFFECTS).optional(), allow: z.boolean().optional(), rule: z.string().optional(), reason: z.string().optional(), conditional: z.boolean().optional() }),
  ]),
});

export function createOpaEngine(options: OpaOptions): Engine {
  const url = `${options.url.replace(/\/$/, '')}/v1/data/${options.path.split('/').map(encodeURIComponent).join('/')}`;
  const ask = async (facts: PolicyFacts): Promise<EngineDecision> => {
    try {
      const answer = await options.post(url, JSON.stringify({ input: facts }), options.timeoutMs ?? OPA_TIMEOUT_MS);
      return answer.status === 200 ? toEngineDecision(JSON.parse(answer.body)) : denied(`opa_status_${answer.status}`);
    } catch {
      return denied('opa_unreachable');
    }
  };
  return {
    name: 'opa',
    decide: async (facts) => {
      if (!isClaiming(facts)) return await ask(facts);
      const { claimed: _, ...proven } = facts;
      const [left, right] = await Promise.all([ask(proven), ask(withClaims(proven, facts.claimed))]);
      const kept = stricter(left, right);
      return { ...kept, decisionId: kept.rule === right.rule && kept.effect === right.effect ? right.decisionId : left.decisionId };
    },
  };
}

function toEngineDecision(answer: unknown): EngineDecision {
  const parsed = AnswerSchema.safeParse(answer);
  if (!parsed.success) return denied('opa_no_decision');
  const { decision_id: decisionId, result } = parsed.data;
  const document: Exclude<typeof result, boolean> = typeof result === 'boolean' ? { allow: result } : result;
  const effect = effectOf(document);
  if (effect === undefined) return denied('opa_no_decision', decisionId);
  const decision = toDecision({ effect, rule: document.rule ?? 'opa' }, document.reason);
  return { ...decision, isStatic: document.conditional !== true, decisionId };
}

/** What contradicts itself is no decision. */
function effectOf({ effect, allow }: { readonly effect?: Effect | undefined; readonly allow?: boolean | undefined }): Effect | undefined {
  if (effect !== undefined && allow !== undefined && (effect === 'allow') !== allow) return undefined;
  if (effect !== undefined) return effect;
  return allow === undefined ? undefined : allow ? 'allow' : 'deny';
}

function denied(reason: string, decisionId?: string): EngineDecision {
  const decision: Decision = toDecision({ effect: 'deny', rule: `error:${reason}` }, undefined);
  return { ...decision, isStatic: false, decisionId };
}
