/** The part of oidc-provider that is used here: the package has no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export type Payload = Readonly<Record<string, unknown>>;

  export interface Adapter {
    upsert(id: string, payload: Payload, expiresInSeconds: number | undefined): Promise<void>;
    find(id: string): Promise<Payload | undefined>;
    findByUid(uid: string): Promise<Payload | undefined>;
    findByUserCode(userCode: string): Promise<Payload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  export interface Client {
    readonly clientId: string;
    readonly clientName?: string;
    readonly clientAuthMethod: string;
    readonly clientSecret?: string;
    readonly redirectUris: readonly string[];
    redirectUriAllowed(uri: string): boolean;
    compareClientSecret(shown: string): unknown;
  }

  export interface Account {
    readonly accountId: string;
    readonly name?: string;
    readonly roles?: readonly string[];
    readonly groups?: readonly string[];
    claims(): Payload;
  }

  /** Koa's context, as far as it is read here. */
  export interface Context {
    status: number;
    type: string;
    body: unknown;
    readonly req: IncomingMessage;
    readonly cookies: { secure: boolean | undefined };
    set(name: string, value: string): void;
    readonly oidc: {
      readonly params?: Readonly<Record<string, unknown>>;
      readonly client?: Client;
      readonly entities: { readonly Account?: Account };
      entity(name: 'Account', value: Account): void;
      readonly result?: { readonly consent?: { readonly grantId?: string } };
    };
  }

  export interface Interaction {
    readonly uid: string;
    readonly params: Readonly<Record<string, unknown>>;
  }

  export interface InteractionResult {
    readonly login?: { readonly accountId: string; readonly remember: boolean };
    readonly consent?: { readonly grantId: string };
    readonly error?: string;
    readonly error_description?: string;
  }

  interface Grant {
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }

  interface AccessToken {
    resourceServer: ResourceServer;
    /** Seconds. */
    readonly expiration: number;
    save(): Promise<string>;
  }

  interface ResourceServer {
    readonly audience: string;
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Client: { readonly prototype: Client; find(id: string): Promise<Client | undefined> };
    readonly Grant: { new (about: { readonly accountId: string; readonly clientId: string }): Grant; find(id: string): Promise<Grant | undefined> };
    readonly AccessToken: { new (about: { readonly accountId: string; readonly client: Client; readonly grantId: string; readonly gty: string; readonly scope: string }): AccessToken };
    readonly ResourceServer: { new (resource: string, about: object): ResourceServer };
    registerGrantType(name: string, handle: (context: Context) => Promise<void>, parameters: readonly string[]): void;
    callback(): (http: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionDetails(http: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionResult(http: IncomingMessage, response: ServerResponse, result: InteractionResult): Promise<string>;
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): this;
    on(event: 'server_error', listener: (context: Context, error: Error) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }

  export const errors: {
    readonly InvalidGrant: new (description: string) => Error;
    readonly InvalidClientAuth: new (detail: string) => Error;
    readonly InvalidScope: new (description: string, scope: string) => Error;
    readonly InvalidTarget: new (description?: string) => Error;
    readonly OIDCProviderError: new (status: number, message: string) => Error;
    readonly SessionNotFound: new (description?: string) => Error;
  };

  export const interactionPolicy: {
    readonly Prompt: new (about: { readonly name: string; readonly requestable: boolean }, ...checks: readonly object[]) => object;
    readonly Check: new (reason: string, description: string, check: (context: Context) => boolean) => object;
  };
}
