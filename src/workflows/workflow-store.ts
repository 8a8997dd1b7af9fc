/** What a run needs of storage. Each function is durable when it resolves. */
import type { RunStatus, StepRecord, StepStatus } from '../model/workflow.ts';
import type { JsonValue } from '../protocol/messages.ts';

export interface WorkflowStore {
  steps(run: string): Promise<readonly StepRecord[]>;
  /**
   * Notes that this call is about to be sent: the only permission to send it. False where another attempt was noted
   * meanwhile, by this process or another one: then it must not be sent.
   */
  intend(run: string, key: string, attempt: number): Promise<boolean>;
  settle(run: string, key: string, settled: { readonly status: StepStatus; readonly result?: JsonValue | undefined; readonly reason?: string; readonly approval?: string | undefined }): Promise<void>;
  end(run: string, status: RunStatus, told: { readonly reason: string; readonly output?: JsonValue | undefined }): Promise<void>;
}

/** How a call ended. `unknown`: it may have had its effect. `waiting`: it was not sent, since a person must approve it first. */
export type CallOutcome =
  | { readonly kind: 'result'; readonly result: JsonValue }
  | { readonly kind: 'refused'; readonly reason: string; readonly isRetryable: boolean }
  | { readonly kind: 'waiting'; readonly reason: string; readonly approval: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface StepCall {
  readonly tool: string;
  readonly args: Readonly<Record<string, JsonValue | undefined>>;
  /** The same for every attempt at one step: a target that knows it does its work once. */
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

/** Makes one call as the principal of the run, by the path that all calls take. Never rejects. */
export type MakeCall = (call: StepCall) => Promise<CallOutcome>;
