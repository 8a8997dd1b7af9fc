/** What the control plane needs of sign-ins at other authorization servers. It declares it here; `gateway.ts` fills it in. */
import type { Grant, GrantKey } from '../../model/grant.ts';

export interface LiveGrants {
  /** Where that principal can sign in; undefined where the server has no sign-in. */
  begin(server: string, principal: { readonly id: string; readonly name: string }): { readonly url: string } | undefined;
  /** Ends it here first. Resolves with whether its issuer took it back too. */
  withdraw(grant: Grant): Promise<boolean>;
}

/** What a page tells a person before it leads away. */
export interface SignInPreview extends GrantKey {
  readonly principalName: string;
  readonly isForService: boolean;
  readonly issuer: string;
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** The way of one browser to the authorization server and back. All reject with Faults that may be shown. */
export interface SignInFlows {
  find(id: string): GrantKey;
  preview(id: string): Promise<SignInPreview>;
  /** The person agreed: where to lead the browser. */
  start(id: string, browser: string): Promise<string>;
  finish(params: URLSearchParams, browser: string): Promise<GrantKey>;
}
