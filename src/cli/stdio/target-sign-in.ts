/** The sign-in of whoever dials an endpoint, where nobody gave a key. What does it is loaded when it is first needed. */
import { Fault } from '../../base/fault.ts';
import { Refusal } from '../refusal.ts';
import type { BrowserSignInDeps, SignIn } from '../sign-in/browser-sign-in.ts';
import type { Target } from './wire.ts';

export interface TargetSignIn {
  /** The kept token for an address. */
  token(url: string): Promise<string | undefined>;
  /** The target with another token; undefined where the refusal names no sign-in or there is no other. Rejects with `auth.credential_missing`. */
  renew(refused: Target, challenge: string | undefined): Promise<Target | undefined>;
}

export function createTargetSignIn(deps: BrowserSignInDeps): TargetSignIn {
  let loaded: SignIn | undefined;
  const load = async (): Promise<SignIn> => {
    const { createBrowserSignIn } = await import('../sign-in/browser-sign-in.ts');
    loaded ??= createBrowserSignIn(deps);
    return loaded;
  };
  return {
    token: async (url) => (await load()).token(url),
    async renew({ url, headers }, challenge) {
      if (challenge === undefined) return undefined;
      const shown = headers['authorization']?.replace(/^Bearer /, '');
      try {
        const token = await (await load()).renew(url, shown, challenge);
        return token === undefined || token === shown ? undefined : withCredential(url, token);
      } catch (error) {
        throw error instanceof Refusal ? new Fault('auth.credential_missing', { message: `${error.message} ${error.advice}`, cause: error }) : error;
      }
    },
  };
}

export function withCredential(url: string, credential: string | undefined): Target {
  return { url, headers: credential === undefined ? {} : { authorization: `Bearer ${credential}` } };
}
