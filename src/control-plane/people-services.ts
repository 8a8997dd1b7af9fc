/** What operations on people and sign-ins need beside storage. `gateway.ts` fills it in. */
import type { IdentityProvider } from '../auth/identity-provider.ts';
import type { Passwords } from '../auth/passwords.ts';
import type { SignInThrottle } from '../auth/sign-in-throttle.ts';
import type { RoleRules } from '../auth/provider-claims.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface PeopleServices {
  readonly passwords: Passwords;
  readonly throttle: SignInThrottle;
  /** Undefined where no mail server is configured. */
  readonly sendMail: ((mail: Mail) => Promise<void>) | undefined;
  /** Undefined where none is configured. It may be down at any time, and back at any other. */
  readonly provider: IdentityProvider | undefined;
  readonly roleRules: RoleRules;
  readonly isSecureHost: (host: string | null) => boolean;
  /** For the log: what went wrong after the answer was sent. No secret. */
  readonly report: (problem: string) => void;
}
