/** What the authorization server keeps, and whom it asks about people: the nouns between its rules, the tables and the sign-in. */

/** Someone who signed in here. */
export interface SignedInUser {
  readonly userId: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  /** How this sign-in happened; undefined where the sign-in does not say. */
  readonly through?: 'password' | 'oidc';
}

/** A request, as far as a sign-in looks at it: one of node:http fits. */
export interface WithHeaders {
  readonly headers: { readonly cookie?: string | undefined; readonly host?: string | undefined };
}

/** The people of this gateway, as the authorization server needs to know them. */
export interface People {
  /** By the cookie of the request; undefined where nobody is signed in. */
  readonly signedIn: (http: WithHeaders) => Promise<SignedInUser | undefined>;
  /** Undefined where the user is gone or disabled: nothing is refreshed any more. */
  readonly findUser: (userId: string) => Promise<SignedInUser | undefined>;
  /** Who signed in through that identity provider before; undefined for anybody else. */
  readonly findByLogin?: (issuer: string, subject: string) => Promise<SignedInUser | undefined>;
  /** Where a browser signs in; comes back to the path `next` of ours afterwards. `through` narrows how. */
  readonly signInUrl: (next: string, through: 'any' | 'oidc') => string;
}

/** One short-lived thing of the protocol: code, token, grant, or a consent under way. Never holds the value that proves it. */
export interface OAuthEntity {
  readonly model: string;
  /** Keyed digest of the value, hex. */
  readonly digest: string;
  /** Digest of the grant that it came from: codes and tokens of one consent are one family. */
  readonly grantDigest: string | undefined;
  readonly userId: string | undefined;
  readonly clientId: string | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly consumedAtMs: number | undefined;
  /** Wall clock. */
  readonly expiresAtMs: number;
}

/** A client that registered itself (RFC 7591). */
export interface OAuthClient {
  readonly id: string;
  /** Members of RFC 7591 section 2; `client_secret` is a keyed digest. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
  /** Wall clock; moves on with every use. */
  readonly expiresAtMs: number;
}

/** Where the authorization server keeps things. Every function rejects with `storage.unavailable` where the database does not answer. */
export interface OAuthStore {
  readonly save: (entity: OAuthEntity) => Promise<void>;
  readonly find: (model: string, digest: string) => Promise<OAuthEntity | undefined>;
  /** The access token whose grant is alive, in one statement. */
  readonly findLiveToken: (digest: string) => Promise<OAuthEntity | undefined>;
  /** Atomic: of many callers at once, one hears true. */
  readonly consume: (model: string, digest: string, atMs: number) => Promise<boolean>;
  readonly remove: (model: string, digest: string) => Promise<void>;
  /** The grant, its codes and its tokens. */
  readonly removeFamily: (grantDigest: string) => Promise<void>;
  readonly listGrants: (userId: string) => Promise<readonly OAuthEntity[]>;
  readonly saveClient: (client: OAuthClient) => Promise<void>;
  readonly findClient: (id: string) => Promise<OAuthClient | undefined>;
  readonly countClients: () => Promise<number>;
  /** Moves the end of a client on; nothing happens where there is none of that id. */
  readonly keepClient: (id: string, expiresAtMs: number) => Promise<void>;
  /** All that ended before. */
  readonly sweep: (beforeMs: number) => Promise<void>;
}
