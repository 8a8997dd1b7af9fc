/** How the gateway proves itself to an HTTP or SSE server, as compiled. Texts may still hold `${NAME}` and `${secret:NAME}`. */

/** What every kind needs to know of the authorization server. */
interface AtIssuer {
  /** Undefined: what the server asks for (2026-07-28, basic/authorization, "Scope Selection Strategy"). */
  readonly scopes: readonly string[] | undefined;
  /** The only authorization server that may be used; undefined: the one that the server names. Written by an operator, so its host may be dialled. */
  readonly issuer: string | undefined;
}

/** Authorization code with a person's consent: one for the server, or one for each principal. */
export interface OAuthAuth extends AtIssuer {
  readonly type: 'oauth';
  readonly grant: 'service' | 'user';
  /** Registered beforehand; undefined: a client metadata document of ours, or dynamic registration. */
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
}

/** RFC 6749 section 4.4: the gateway acts for itself. */
export interface ClientCredentialsAuth extends AtIssuer {
  readonly type: 'client-credentials';
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** PKCS #8 PEM, for `private_key_jwt` (RFC 7523) instead of a secret. */
  readonly privateKey: string | undefined;
  readonly algorithm: string;
}

/** RFC 8693: the access token that the client showed at our endpoint becomes one for the server. */
export interface TokenExchangeAuth extends AtIssuer {
  readonly type: 'token-exchange';
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly audience: string | undefined;
}

export type ServerAuth = OAuthAuth | ClientCredentialsAuth | TokenExchangeAuth;

/** Whether what the server gets belongs to one principal, so that no two may share a connection. */
export function isPerPrincipal(auth: ServerAuth | undefined): boolean {
  return auth !== undefined && (auth.type === 'token-exchange' || (auth.type === 'oauth' && auth.grant === 'user'));
}
