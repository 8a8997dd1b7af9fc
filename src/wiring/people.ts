/** The wiring of people's sign-in: settings → services for the admin API, and the first operator. */
import { readFileSync } from 'node:fs';
import { createIsSecureHost, findUnprotectedUrls } from '../auth/cookies.ts';
import { createIdentityProvider } from '../auth/identity-provider.ts';
import type { InstanceKey } from '../auth/instance-key.ts';
import { createPasswords } from '../auth/passwords.ts';
import { createSignInThrottle } from '../auth/sign-in-throttle.ts';
import type { Clock } from '../base/clock.ts';
import type { RandomBytes } from '../base/ids.ts';
import type { Authenticate } from '../control-plane/identify.ts';
import { openFirstOperator } from '../control-plane/people/first-operator.ts';
import { createSendMail } from '../control-plane/people/mail.ts';
import { createOAuthPeople } from '../control-plane/people/oauth-people.ts';
import { signInAuthenticator } from '../control-plane/people/sign-in-authenticator.ts';
import type { PeopleServices } from '../control-plane/people-services.ts';
import type { People } from '../model/oauth.ts';
import { readPeopleSettings } from './people-settings.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';
import { openPlain } from '../upstream/dialer/open-plain.ts';
import { createWebFetch } from '../upstream/dialer/web-fetch.ts';

export interface PeopleDeps {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isProduction: boolean;
  readonly publicUrls: readonly string[];
  readonly storage: Storage;
  readonly instanceKey: InstanceKey;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly dialer: Dialer;
  /** For the log. */
  readonly report: (problem: string) => void;
}

export interface OpenedPeople {
  readonly services: PeopleServices;
  readonly authenticate: Authenticate;
  /** For the authorization server. */
  readonly forOAuth: People;
  /** Of the link that makes the first operator; undefined once there is one. */
  readonly firstOperatorToken: string | undefined;
  readonly warnings: readonly string[];
}

/** Faults: `config.invalid` with every problem of the settings. */
export async function openPeople(deps: PeopleDeps): Promise<OpenedPeople> {
  const { environment, isProduction, publicUrls, storage, instanceKey, clock, random, dialer, report } = deps;
  const settings = readPeopleSettings({ environment, isProduction, readText: (path) => readFileSync(path, 'utf8') });
  const passwords = createPasswords(random);
  const isSecureHost = createIsSecureHost(publicUrls);
  const { provider, roleRules, mail } = settings;
  const services: PeopleServices = {
    passwords,
    throttle: createSignInThrottle(clock),
    sendMail: mail && createSendMail(mail, (host, port) => openPlain(dialer, { host, port, service: 'mail server' })),
    provider: provider && createIdentityProvider(provider, { clock, random, fetch: createWebFetch({ clock, dialer, operatorUrl: provider.discoveryUrl, service: 'identity provider' }) }),
    roleRules,
    isSecureHost,
    report,
  };
  const unprotected = findUnprotectedUrls(publicUrls).map((url) => `${url} is plain http: cookies of sign-ins can be read on the way; put TLS in front`);
  return {
    services,
    authenticate: signInAuthenticator({ storage, clock, instanceKey, isSecureHost }),
    forOAuth: createOAuthPeople({ storage, clock, instanceKey, isSecureHost }),
    firstOperatorToken: await openFirstOperator(settings.bootstrap, { storage, clock, random, instanceKey, passwords }),
    warnings: [...settings.warnings, ...unprotected],
  };
}
