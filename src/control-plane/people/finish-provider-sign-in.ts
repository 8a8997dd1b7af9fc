/** The way back from the identity provider. Whatever happens, a person sits in front of it: refusals lead to a page that explains. */
import type { ProvenPerson } from '../../auth/identity-provider.ts';
import { digestOf } from '../../auth/keys.ts';
import { type ProviderPerson, roleOf, toPerson } from '../../auth/provider-claims.ts';
import { Fault, toFault } from '../../base/fault.ts';
import { newId } from '../../base/ids.ts';
import { FinishProviderSignIn } from '../../contract/sign-in.ts';
import type { Role } from '../../model/role.ts';
import { findOpenLink, type StoredLink } from '../../storage/one-time-links.ts';
import { findProviderUser, insertProviderUser, updateProviderGroups } from '../../storage/provider-users.ts';
import type { Tx } from '../../storage/schema.ts';
import { findSignInById, type StoredSignIn, updateSignIn } from '../../storage/sign-ins.ts';
import { query } from '../../storage/transaction.ts';
import { countOperators, findUser, findUserByEmail, insertUser, type StoredUser, updateUser } from '../../storage/users.ts';
import { type AdminServices, bindSteps, type Committed, type StepsRequest } from '../operation.ts';
import { getProvider } from './begin-provider-sign-in.ts';
import { useUp } from './links.ts';
import { type Flow, refusal, takeFlow } from './provider-flow.ts';
import { refuseSecondFirstOperator } from './redeem-link.ts';
import { readRegistration } from '../configuration/registration-rules.ts';
import { endOf } from './sign-in-life.ts';
import { newCookieValue, setSignInCookie, startSignIn } from './start-sign-in.ts';

type Request = StepsRequest<typeof FinishProviderSignIn>;

const REFUSED = '/sign-in?refused=';

export const finishProviderSignIn = bindSteps(FinishProviderSignIn, async (request) => {
  const { params, browser, services } = request;
  if (getProvider(services).id !== params.provider) throw new Fault('request.not_found');
  browser.setCookie('flow', '', { sameSite: 'Lax', maxAgeSeconds: 0 });
  try {
    return { location: await finish(request) };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.code === 'gateway.bug') throw fault;
    services.people.report(`a sign-in at the identity provider was refused: ${fault.detail ?? fault.message}`);
    return { location: `${REFUSED}${encodeURIComponent(fault.reason ?? fault.code)}` };
  }
});

async function finish(request: Request): Promise<string> {
  const { browser, services, commit } = request;
  const search = URL.parse(browser.target, services.publicUrl())?.search ?? '';
  const state = new URLSearchParams(search).get('state');
  if (state === null) throw refusal('flow_unknown', 'no state');
  const flow = await query(services.storage.db, (db) => takeFlow(db, state, { browser, services }));
  const asksAgain = flow.purpose === 'reauthentication';
  const proven = await getProvider(services).finish(search, flow.checks, asksAgain);
  const person = toPerson(proven.claims, services.people.roleRules);

  await commit((tx): Promise<Committed<void>> => {
    const step = { tx, flow, proven, person, request };
    return flow.purpose === 'sign_in' ? signInAs(step) : actAsOwn(step);
  });
  return flow.returnTo;
}

interface Step {
  readonly tx: Tx;
  readonly flow: Flow;
  readonly proven: ProvenPerson;
  readonly person: ProviderPerson;
  readonly request: Request;
}

async function signInAs(step: Step): Promise<Committed<void>> {
  const { tx, proven, person, request } = step;
  const { services, browser } = request;
  const { issuer, subject } = proven;
  const known = await findProviderUser(tx, issuer, subject);
  const found = known === undefined ? undefined : await findUser(tx, known.userId);
  if (found?.disabledAtMs !== undefined) throw refusal('disabled', `${found.id} is disabled`);
  let user: StoredUser;
  if (found === undefined) {
    user = await makeUser(step);
    await insertProviderUser(tx, { issuer, subject, userId: user.id, groups: person.groups, linkedAtMs: services.clock.nowMs() });
  } else {
    await updateProviderGroups(tx, { issuer, subject, groups: person.groups });
    user = await followRole(tx, found, person, services);
  }
  await startSignIn(tx, { user, method: `provider:${services.people.provider?.id ?? ''}` }, { browser, services });
  return { result: undefined, event: { subject: user.id, principal: user.id, detail: { issuer, isNew: found === undefined, role: user.role, address: browser.address } } };
}

/** A user for whom the provider knows and we do not. Never an existing one of the same e-mail address: that proves nothing. */
async function makeUser(step: Step): Promise<StoredUser> {
  const { tx, person, request } = step;
  const { clock, random, people } = request.services;
  if (person.email !== undefined && (await findUserByEmail(tx, person.email)) !== undefined) throw refusal('email_taken', 'a user with this address is there; signed in, it can tie this login to itself');
  const link = await useInvitation(step);
  if (link === undefined && !readRegistration(request.services).ssoSignUp) throw refusal('sign_up_closed', 'sign-up by the identity provider is off');
  const role: Role = link?.role ?? roleOf(person, people.roleRules) ?? 'member';
  const user: StoredUser = { id: newId('usr', clock, random), email: person.email, name: person.name, role, passwordHash: undefined, createdAtMs: clock.nowMs(), lastSignInAtMs: undefined, disabledAtMs: undefined };
  await insertUser(tx, user);
  return user;
}

/** The one-time link that came with the sign-in, used up; undefined where there was none. */
async function useInvitation({ tx, flow, person, request }: Step): Promise<StoredLink | undefined> {
  if (flow.link === undefined) return undefined;
  const nowMs = request.services.clock.nowMs();
  const link = await findOpenLink(tx, flow.link, nowMs);
  if (link === undefined || link.userId !== undefined) throw refusal('link', 'the link does not work any more');
  if (link.email !== undefined && link.email !== person.email) throw refusal('other_email', 'the invitation is for another address than the one the provider vouches for');
  if (link.purpose === 'first_operator') await refuseSecondFirstOperator(tx);
  await useUp(tx, link, nowMs);
  return link;
}

/** Where groups decide about roles, they do so at each sign-in, for users who have no other way in. The last operator stays one. */
async function followRole(tx: Tx, user: StoredUser, person: ProviderPerson, { people }: AdminServices): Promise<StoredUser> {
  if (people.roleRules.roleOfGroup.length === 0 || user.passwordHash !== undefined) return user;
  const role = roleOf(person, people.roleRules) ?? 'member';
  if (role === user.role) return user;
  if (user.role === 'operator' && (await countOperators(tx)) === 1) {
    people.report(`${user.id} stays operator, as the last one, though its groups say ${role}`);
    return user;
  }
  await updateUser(tx, user.id, { role });
  return { ...user, role };
}

/** For someone who is signed in: the sign-in that began it must still be there, in this very browser. */
async function actAsOwn({ tx, flow, proven, person, request }: Step): Promise<Committed<void>> {
  const { services, browser } = request;
  const { issuer, subject } = proven;
  const { clock, instanceKey } = services;
  const signIn = flow.signInId === undefined ? undefined : await findSignInById(tx, flow.signInId);
  const user = signIn && (await findUser(tx, signIn.userId));
  if (signIn === undefined || user === undefined || user.disabledAtMs !== undefined || isOver(signIn, clock.nowMs())) throw refusal('sign_in_ended', 'the sign-in that began this has ended');
  const known = await findProviderUser(tx, issuer, subject);
  if (known !== undefined && known.userId !== user.id) throw refusal('provider_user_taken', 'the login belongs to another user');
  const event = { subject: user.id, principal: user.id, detail: { issuer, purpose: flow.purpose } };
  if (flow.purpose === 'link') {
    if (known === undefined) await insertProviderUser(tx, { issuer, subject, userId: user.id, groups: person.groups, linkedAtMs: clock.nowMs() });
    return { result: undefined, event };
  }
  if (known === undefined) throw refusal('other_person', 'the provider confirmed someone else');
  const value = newCookieValue(services);
  await updateSignIn(tx, signIn.id, { digest: digestOf(instanceKey.pepper, value), reauthAtMs: clock.nowMs() });
  setSignInCookie(browser, value);
  return { result: undefined, event };
}

function isOver(signIn: StoredSignIn, nowMs: number): boolean {
  return nowMs >= endOf(signIn);
}
