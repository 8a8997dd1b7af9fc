/**
 * The consent of a user: shown for every request, answered by a form that only this browser and this user can send.
 * Nothing is sent to the client's address before the library has checked it; a denial goes the same way.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Interaction, InteractionResult, Provider } from 'oidc-provider';
import { Fault } from '../../base/fault.ts';
import type { People, SignedInUser } from '../../model/oauth.ts';
import { isClientIdUrl } from './find-client.ts';
import type { Page, Pages } from './pages.ts';
import { isLoopbackRedirect } from './redirect-policy.ts';
import { ENDPOINT_SCOPE, endpointOf, isEndpointFor, type ResourcesDeps, resourceOf } from './resources.ts';

export const CONSENT_PATH = '/oauth/consent/';
export const SIGN_IN_OVER = 'This sign-in is over, or belongs to another browser or user.';

/** For the audit trail; `denied` by the user, or because the endpoint is not for this user. */
export interface ConsentEvent {
  readonly userId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly outcome: 'done' | 'denied';
  /** The identity provider that said so in the user's place. */
  readonly assertedBy?: string | undefined;
}

export interface ConsentDeps extends ResourcesDeps {
  readonly people: People;
  readonly pages: Pages;
  readonly digestOf: (value: string) => string;
  readonly decided: (event: ConsentEvent) => Promise<void>;
}

/** One consent under way, with all that is known of it. */
interface Request {
  readonly interaction: Interaction;
  readonly user: SignedInUser;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly resource: string;
  /** The groups of the endpoint let this user in. */
  readonly isForUser: boolean;
}

/** What a browser gets: a page, or another address. */
export type ConsentAnswer = { readonly page: Page } | { readonly location: string };

/** Answers GET. Rejects with `request.invalid`, or the library's SessionNotFound, where this browser has no such request. */
export async function showConsent(http: IncomingMessage, response: ServerResponse, provider: Provider, deps: ConsentDeps): Promise<ConsentAnswer> {
  const request = await readRequest(http, response, provider, deps);
  if ('location' in request) return request;
  const { interaction, user, clientId, redirectUri, resource } = request;
  if (!request.isForUser) return refuse(http, response, provider, { request, deps });
  const client = await provider.Client.find(clientId);
  if (client === undefined) throw signInOver('the client is gone');
  const facts = {
    clientName: client.clientName ?? clientId,
    clientHost: isClientIdUrl(clientId) ? new URL(clientId).host : undefined,
    redirectUri,
    isLoopbackRedirect: isLoopbackRedirect(redirectUri),
    resource,
    userName: user.name,
    action: `${deps.issuer()}${CONSENT_PATH}${interaction.uid}`,
    csrf: csrfOf(request, deps),
  };
  return { page: deps.pages.consent(http, facts) };
}

/** Answers POST of the form. */
export async function decideConsent(
  http: IncomingMessage,
  response: ServerResponse,
  provider: Provider,
  deps: ConsentDeps & { readonly form: URLSearchParams },
): Promise<ConsentAnswer> {
  const request = await readRequest(http, response, provider, deps);
  if ('location' in request) return request;
  if (!isSame(deps.form.get('csrf') ?? '', csrfOf(request, deps))) throw signInOver('the form is not of this sign-in');
  if (!request.isForUser || deps.form.get('decision') !== 'allow') return refuse(http, response, provider, { request, deps });
  const { user, clientId, resource } = request;
  const grant = new provider.Grant({ accountId: user.userId, clientId });
  // The library asks for the grant under the spelling of the request.
  grant.addResourceScope(String(request.interaction.params['resource'] ?? resource), ENDPOINT_SCOPE);
  const grantId = await grant.save();
  await deps.decided({ userId: user.userId, clientId, resource, outcome: 'done' });
  return finish(http, response, provider, { request, deps, result: { login: { accountId: user.userId, remember: false }, consent: { grantId } } });
}

async function readRequest(
  http: IncomingMessage,
  response: ServerResponse,
  provider: Provider,
  deps: ConsentDeps,
): Promise<Request | { readonly location: string }> {
  const interaction = await provider.interactionDetails(http, response);
  const path = (http.url ?? '').split('?', 1)[0] ?? '';
  if (path !== `${CONSENT_PATH}${interaction.uid}`) throw signInOver('another sign-in is under way in this browser');
  const text = (name: string): string => String(interaction.params[name] ?? '');
  const endpoint = endpointOf(text('resource'), deps);
  if (endpoint?.auth.signIn === undefined) throw signInOver('the endpoint is gone');
  const { through } = endpoint.auth.signIn;
  const user = await deps.people.signedIn(http);
  if (user === undefined || (through === 'oidc' && user.through !== 'oidc')) return { location: deps.people.signInUrl(path, through) };
  return {
    interaction,
    user,
    clientId: text('client_id'),
    redirectUri: text('redirect_uri'),
    resource: resourceOf(deps.issuer(), endpoint.name),
    isForUser: isEndpointFor(endpoint, user),
  };
}

interface Decision {
  readonly request: Request;
  readonly deps: ConsentDeps;
}

async function refuse(http: IncomingMessage, response: ServerResponse, provider: Provider, { request, deps }: Decision): Promise<ConsentAnswer> {
  const { user, clientId, resource, isForUser } = request;
  await deps.decided({ userId: user.userId, clientId, resource, outcome: 'denied' });
  const result = { error: 'access_denied', error_description: isForUser ? 'the user said no' : 'this user may not use the endpoint' };
  return finish(http, response, provider, { request, deps, result });
}

async function finish(
  http: IncomingMessage,
  response: ServerResponse,
  provider: Provider,
  { request, deps, result }: Decision & { readonly result: InteractionResult },
): Promise<ConsentAnswer> {
  // The address that the library would name is made of the Host header.
  await provider.interactionResult(http, response, result);
  return { location: `${deps.issuer()}/oauth/authorize/${request.interaction.uid}` };
}

function signInOver(detail: string): Fault {
  return new Fault('request.invalid', { message: SIGN_IN_OVER, detail });
}

/** Bound to this request and this user, and not to be guessed: the request's id is only in this browser. */
function csrfOf({ interaction, user }: Request, { digestOf }: ConsentDeps): string {
  return digestOf(`Consent:${interaction.uid}:${user.userId}`);
}

function isSame(shown: string, expected: string): boolean {
  const [left, right] = [Buffer.from(shown), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}
