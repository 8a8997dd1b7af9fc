/** What a valid access token says, whoever issued it. */

export interface TokenGrant {
  /** Of the user: `user:…` for ours, `jwt:…` for an outside issuer's. Never shown to clients. */
  readonly principalId: string;
  /** The same for all tokens of one consent, so that a session outlives a refresh. */
  readonly credentialId: string;
  /** For people. */
  readonly name: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  /** Id of the OAuth client; undefined where the issuer does not say. */
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  /** Wall clock. */
  readonly expiresAtMs: number;
}
