/** An endpoint: a public MCP address that offers one namespace, and how to authenticate there. */
import type { Revision } from '../protocol/messages.ts';
import type { DiscoverySpec, ToolRule } from './discovery.ts';
import type { RateLimit, Reservations } from './limit.ts';
import type { NamespaceSpec } from './namespace.ts';
import type { Labels } from './policy.ts';
import type { Principal } from './principal.ts';

/** Who may get tokens of our own authorization server for an endpoint. */
export interface SignInRule {
  /** `oidc`: only who came in through the configured OpenID provider. */
  readonly through: 'any' | 'oidc';
  /** Empty: everyone who can sign in. */
  readonly groups: readonly string[];
}

/** Tokens of an outside issuer that an endpoint takes: JWTs, verified here. */
export interface JwtRule {
  /** Exactly as in `iss`. */
  readonly issuer: string;
  /** What `aud` must contain; undefined: the endpoint's canonical URI. */
  readonly audience: string | undefined;
  /** Undefined: as the issuer's discovery document says. */
  readonly jwksUri: string | undefined;
  readonly algorithms: readonly string[];
  /** Each must be in `scope`. */
  readonly scopes: readonly string[];
  /** The claim that lists the groups of the user. */
  readonly groupsClaim: string;
  /** One of these must be among them; empty: everyone with a valid token. */
  readonly groups: readonly string[];
}

export interface EndpointSpec {
  readonly name: string;
  readonly namespace: NamespaceSpec;
  /** Id of the user it is private to: no other user's tokens open it. Undefined: public. */
  readonly owner?: string | undefined;
  /** All false: open to everyone who reaches the port. */
  readonly auth: {
    readonly apiKey: boolean;
    /** Access tokens are accepted: those that `signIn` or `jwt` tell. */
    readonly oauth: boolean;
    /** `?api_key=` is accepted too. */
    readonly query: boolean;
    /** Tokens of our own authorization server. */
    readonly signIn?: SignInRule | undefined;
    readonly jwt?: JwtRule | undefined;
    /** Of an OAuth client, by its id; undefined where none has any. */
    readonly clientLabels?: ((client: string) => Labels | undefined) | undefined;
  };
  /** Taken before a body costs anything: those that need not know what is asked for. */
  readonly limits: readonly RateLimit[];
  /** Taken once a call is admitted; undefined where there are none. */
  readonly reservations?: Reservations | undefined;
  /** Undefined: the whole list of tools. */
  readonly discovery?: DiscoverySpec | undefined;
  /** Undefined: all tools of the namespace. */
  readonly tools?: ToolRule | undefined;
  /** Clients of older revisions are refused; undefined: none is. */
  readonly oldestRevision?: Revision | undefined;
  /** Set while a person looks at it through an inspection: who that is, and what happens behind it. */
  readonly inspected?: Inspected | undefined;
}

export interface Inspected {
  /** Throws `auth.credential_missing`, `auth.credential_invalid`. */
  prove(credential: string | undefined): Principal;
  /** A message on the leg to a server, as JSON. */
  trace(direction: 'sent' | 'received', server: string, text: string): void;
}
