/** What the control plane needs of our own authorization server. It declares it here; `gateway.ts` fills it in. */
export interface LiveConsents {
  /** The consent with this digest is gone from the database: its tokens, sessions and streams end now. */
  withdrawn(grantDigest: string): void;
}
