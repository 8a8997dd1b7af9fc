/** What happens to servers on demand, for people and programs that ask later. */

export const CHILD_EVENT_KINDS = ['created', 'started', 'ready', 'reused', 'called', 'timed_out', 'failed', 'stopped', 'limit_hit', 'security_violation'] as const;
export type ChildEventKind = (typeof CHILD_EVENT_KINDS)[number];

export interface ChildEvent {
  /** Rises with time. */
  readonly id: string;
  /** Wall clock, milliseconds. */
  readonly atMs: number;
  readonly kind: ChildEventKind;
  /** Empty for what was refused before there was a server. */
  readonly serverId: string;
  /** A template's name, or `script`. */
  readonly source: string;
  /** Id of the principal. */
  readonly principal: string;
  /** No secret, no argument of a call. */
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

export interface ChildEventQuery {
  readonly limit: number;
  readonly kind?: ChildEventKind | undefined;
  readonly serverId?: string | undefined;
  readonly principal?: string | undefined;
  /** Only events before this one. */
  readonly beforeId?: string | undefined;
}
