/** Open sessions of MCP clients, as the control plane needs them; `gateway.ts` fills it in. */

export interface LiveSession {
  /** Safe to show: not the id that its client shows. */
  readonly id: string;
  readonly endpoint: string;
  /** Kind and name of the principal, e.g. `key` and `laptop`. */
  readonly principal: { readonly kind: string; readonly id: string; readonly name: string };
  readonly revision: string;
  /** Name and version that the client gave. */
  readonly client: string | undefined;
  readonly openedMs: number;
  readonly lastUsedMs: number;
  /** Requests that wait for their answer now. */
  readonly inFlight: number;
}

export interface LiveSessions {
  /** Oldest first; times on the wall clock. */
  list(): readonly LiveSession[];
  /** Its calls are cancelled, its streams closed. False where there is no such session. */
  end(id: string): boolean;
}
