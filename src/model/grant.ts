/**
 * A grant: consent and tokens at one authorization server, for one server of ours, for the service or one principal.
 * Nothing of it is ever used at another issuer or for another resource (2026-07-28, client-registration,
 * "Authorization Server Binding").
 */

/** What an authorization server knows us by. */
export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** As the registration answered; undefined: chosen from the server's metadata. */
  readonly authMethod: string | undefined;
}

export interface GrantKey {
  /** Name of the server. */
  readonly server: string;
  /** Id of the principal; `service` for the one grant of a whole server. */
  readonly principal: string;
}

export interface Grant extends GrantKey {
  readonly id: string;
  readonly issuer: string;
  /** RFC 8707. */
  readonly resource: string;
  /** What was asked for, space-separated; undefined where nothing was. */
  readonly scope: string | undefined;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Wall clock; undefined where the issuer did not say. */
  readonly expiresAtMs: number | undefined;
  readonly client: RegisteredClient;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Under which a grant is kept that serves everybody. No principal has such an id. */
export const SERVICE = 'service';
