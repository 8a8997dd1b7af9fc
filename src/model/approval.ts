/** An approval: one call that a person must say yes to, and what became of that. */
import type { JsonObject } from '../protocol/messages.ts';
import type { ApprovalTerms } from './policy.ts';

export const APPROVAL_STATES = ['pending', 'approved', 'denied', 'used', 'expired'] as const;
/** `used`: its call was made. `expired`: nobody decided, or no call came, in time. */
export type ApprovalState = (typeof APPROVAL_STATES)[number];

export interface Approval {
  readonly id: string;
  readonly state: ApprovalState;
  /** Id, kind and name of who asks, and the credential that proved it. */
  readonly principal: string;
  readonly principalKind: string;
  readonly principalName: string;
  readonly credential: string;
  readonly endpoint: string;
  readonly namespace: string;
  readonly server: string;
  readonly method: string;
  /** Own name or URI. */
  readonly name: string;
  /** SHA-256 of the canonical arguments (RFC 8785), hex. */
  readonly argumentsDigest: string;
  /** Without what looks like a secret. */
  readonly arguments: JsonObject;
  readonly rule: string;
  readonly reason: string | undefined;
  readonly terms: ApprovalTerms;
  /** Wall clock, milliseconds, as all times here. */
  readonly requestedAtMs: number;
  /** Of the request while it is pending, of the approval or denial afterwards. */
  readonly expiresAtMs: number;
  readonly decidedAtMs: number | undefined;
  readonly decidedBy: string | undefined;
  /** What whoever decided said. */
  readonly note: string | undefined;
  readonly usedAtMs: number | undefined;
}
