/** Gateways of this instance, as the control plane needs them; `replica-set.ts` fills it in. */

export interface LiveReplica {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** For other gateways; undefined for one that takes no requests from them. */
  readonly address: string | undefined;
  readonly isEncrypted: boolean;
  readonly generation: number;
  readonly isListening: boolean;
  readonly isLeader: boolean;
  readonly sessions: number;
  readonly startedAtMs: number;
  readonly seenAtMs: number;
  readonly silentMs: number;
}

export interface LiveReplicas {
  /** Id of this one. */
  readonly self: string;
  /** Oldest first, as they were a second ago at most. */
  readonly list: () => readonly LiveReplica[];
}
