import { digestOf } from '../../auth/keys.ts';
import { Fault } from '../../base/fault.ts';
import { BeginOwnProviderStep, BeginProviderSignIn } from '../../contract/sign-in.ts';
import { query } from '../../storage/transaction.ts';
import type { Browser } from '../browser.ts';
import { type AdminServices, bindSteps } from '../operation.ts';
import { getOpenLink } from './links.ts';
import { getOwn } from './own-user.ts';
import { keepFlow } from './provider-flow.ts';

/** Where the provider sends the browser back to. Operators who come from MetaMCP 2 have this address registered. */
const CALLBACK_PATH = '/api/auth/oauth2/callback';

export const beginProviderSignIn = bindSteps(BeginProviderSignIn, async ({ body, browser, services, commit }) => {
  const provider = getProvider(services);
  if (body.link !== undefined) await query(services.storage.db, (db) => getOpenLink(db, body.link ?? '', services));
  services.people.throttle.begin({ address: browser.address, name: 'provider', isKnownDevice: false });
  const { url, checks } = await provider.begin({ redirectUri: redirectUriOf(provider.id, browser, services), asksAgain: false });
  services.people.throttle.succeeded({ address: browser.address, name: 'provider', isKnownDevice: false });
  return commit(async (tx) => {
    const link = body.link === undefined ? undefined : digestOf(services.instanceKey.pepper, body.link);
    await keepFlow(tx, { checks, purpose: 'sign_in', link, returnTo: body.returnTo }, { browser, services });
    return { result: { location: url }, event: { subject: provider.id, detail: { address: browser.address } } };
  });
});

export const beginOwnProviderStep = bindSteps(BeginOwnProviderStep, async ({ body, principal, browser, services, commit }) => {
  const provider = getProvider(services);
  const { signIn } = await query(services.storage.db, (db) => getOwn(db, principal));
  const { url, checks } = await provider.begin({ redirectUri: redirectUriOf(provider.id, browser, services), asksAgain: body.purpose === 'reauthentication' });
  return commit(async (tx) => {
    await keepFlow(tx, { checks, purpose: body.purpose, signInId: signIn.id, returnTo: body.returnTo }, { browser, services });
    return { result: { location: url }, event: { subject: provider.id, detail: { purpose: body.purpose } } };
  });
});

export function getProvider({ people }: AdminServices): NonNullable<AdminServices['people']['provider']> {
  if (people.provider === undefined) throw new Fault('request.conflict', { message: 'No identity provider is configured (OIDC_CLIENT_ID, OIDC_DISCOVERY_URL).', reason: 'no_provider' });
  return people.provider;
}

/** At the origin the page came from, one of ours: the cookie of the flow is there. Without one, at the public address. */
function redirectUriOf(providerId: string, { origin }: Browser, services: AdminServices): string {
  return `${origin ?? services.publicUrl()}${CALLBACK_PATH}/${providerId}`;
}
