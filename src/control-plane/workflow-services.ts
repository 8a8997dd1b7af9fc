/** What the admin API needs of running workflows. */
import type { Principal } from '../model/principal.ts';
import type { WorkflowRun } from '../model/workflow.ts';
import type { JsonObject, JsonValue } from '../protocol/messages.ts';

/** What a person knows of a step whose outcome the gateway does not know. */
export type StepDecision = { readonly kind: 'done'; readonly result: JsonValue } | { readonly kind: 'failed' } | { readonly kind: 'retry' };

export interface WorkflowServices {
  /** Throws `request.not_found`. */
  start(name: string, principal: Principal, inputs: JsonObject): Promise<WorkflowRun>;
  /** Throws `request.conflict` for a run that does not wait. */
  resolve(run: string, key: string, decision: StepDecision): Promise<WorkflowRun>;
}
