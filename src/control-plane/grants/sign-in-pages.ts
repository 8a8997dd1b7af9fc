/**
 * The pages of a sign-in at a server's authorization server: `/oauth/connect/{id}`, where the person sees what is asked
 * and agrees, `/oauth/callback`, where the issuer sends the browser back, and our client metadata document. Not pages of
 * the admin UI: whoever uses an MCP client comes here, with or without an account.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault, toFault } from '../../base/fault.ts';
import type { GrantKey } from '../../model/grant.ts';
import type { SignInFlows, SignInPreview } from './live-grants.ts';
import { consentPage, donePage, faultPage } from './page-html.ts';

/** Whether the browser is the principal's: `unproven` where it must show a credential first. */
export type Prove = (http: IncomingMessage, key: GrantKey, credential: string | undefined) => Promise<'proven' | 'unproven'>;

export interface SignInPagesDeps {
  readonly flows: SignInFlows;
  readonly prove: Prove;
  /** Address for people, without a slash at the end. */
  readonly publicUrl: () => string;
  readonly randomText: () => string;
  readonly report: (fault: Fault) => void;
}

export interface SignInPages {
  /** Whether the path is one of these pages. */
  handles(url: string | undefined): boolean;
  serve(http: IncomingMessage, response: ServerResponse): Promise<void>;
}

export const CALLBACK_PATH = '/oauth/callback';
export const CLIENT_METADATA_PATH = '/oauth/client-metadata.json';
export const CONNECT_PATH = '/oauth/connect/';

const FORM_BYTES_MAX = 16 * 1024;
const COOKIE_SECONDS = 600;
const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // The form's origin must be told, so the referrer policy is not `no-referrer`; ids in the address stay with us all the same.
  'referrer-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
} as const;

export function createSignInPages(deps: SignInPagesDeps): SignInPages {
  return {
    handles: (url) => url !== undefined && (pathOf(url) === CALLBACK_PATH || pathOf(url) === CLIENT_METADATA_PATH || url.startsWith(CONNECT_PATH)),
    async serve(http, response) {
      try {
        await route(http, response, deps);
      } catch (thrown) {
        const fault = toFault(thrown);
        deps.report(fault);
        page(response, fault.http >= 400 ? fault.http : 502, faultPage(fault.message));
      }
    },
  };
}

async function route(http: IncomingMessage, response: ServerResponse, deps: SignInPagesDeps): Promise<void> {
  const path = pathOf(http.url ?? '');
  if (path === CLIENT_METADATA_PATH && http.method === 'GET') clientMetadata(response, deps);
  else if (path === CALLBACK_PATH && http.method === 'GET') await callback(http, response, deps);
  else if (path.startsWith(CONNECT_PATH) && http.method === 'GET') await consent(http, response, deps);
  else if (path.startsWith(CONNECT_PATH) && http.method === 'POST') await agree(http, response, deps);
  else throw new Fault('request.method_not_allowed');
}

/** Opening the address changes nothing: mail scanners and previews open addresses too. */
async function consent(http: IncomingMessage, response: ServerResponse, deps: SignInPagesDeps): Promise<void> {
  const id = idOf(http);
  const preview = await deps.flows.preview(id);
  const isProven = (await deps.prove(http, preview, undefined)) === 'proven';
  const browser = browserOf(http, deps) ?? deps.randomText();
  show(response, deps, { preview, id, browser, needsCredential: !isProven, status: 200 });
}

async function agree(http: IncomingMessage, response: ServerResponse, deps: SignInPagesDeps): Promise<void> {
  const id = idOf(http);
  const key = deps.flows.find(id);
  const form = await readForm(http);
  const browser = browserOf(http, deps);
  if (browser === undefined || !isSame(form.get('csrf') ?? '', tokenFor(id, browser))) throw new Fault('request.origin_refused', { message: 'This form is not from here; open the address again.' });
  const credential = form.get('credential')?.trim();
  if ((await deps.prove(http, key, credential === '' ? undefined : credential)) === 'unproven') {
    show(response, deps, { preview: await deps.flows.preview(id), id, browser, needsCredential: true, status: 403 });
    return;
  }
  const location = await deps.flows.start(id, browser);
  response.writeHead(303, { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'content-length': 0 });
  response.end();
}

async function callback(http: IncomingMessage, response: ServerResponse, deps: SignInPagesDeps): Promise<void> {
  const { server } = await deps.flows.finish(new URL(http.url ?? '', 'http://localhost').searchParams, browserOf(http, deps) ?? '');
  page(response, 200, donePage(server));
}

/** RFC draft-ietf-oauth-client-id-metadata-document; its own address is the client id. */
function clientMetadata(response: ServerResponse, { publicUrl }: SignInPagesDeps): void {
  const body = JSON.stringify({
    client_id: `${publicUrl()}${CLIENT_METADATA_PATH}`,
    client_name: 'MetaMCP',
    client_uri: publicUrl(),
    redirect_uris: [`${publicUrl()}${CALLBACK_PATH}`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'web',
  });
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=3600', 'content-length': Buffer.byteLength(body), 'x-content-type-options': 'nosniff' });
  response.end(body);
}

interface Shown {
  readonly preview: SignInPreview;
  readonly id: string;
  readonly browser: string;
  readonly needsCredential: boolean;
  readonly status: number;
}

function show(response: ServerResponse, deps: SignInPagesDeps, { preview, id, browser, needsCredential, status }: Shown): void {
  const isSecure = deps.publicUrl().startsWith('https:');
  // SameSite=Lax: the issuer's redirect back is a top-level navigation from another site, and must bring it along.
  const cookie = `${cookieName(deps)}=${browser}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${COOKIE_SECONDS}${isSecure ? '; Secure' : ''}`;
  page(response, status, consentPage(preview, { action: `${CONNECT_PATH}${id}`, csrf: tokenFor(id, browser), needsCredential, isRefused: status === 403 }), { 'set-cookie': cookie });
}

function page(response: ServerResponse, status: number, html: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...PAGE_HEADERS, 'content-length': Buffer.byteLength(html), ...headers });
  response.end(html);
}

/** With `__Host-` no other host and no plain http can set it (RFC 6265bis section 4.1.3.2). */
function cookieName({ publicUrl }: SignInPagesDeps): string {
  return publicUrl().startsWith('https:') ? '__Host-metamcp_sign_in' : 'metamcp_sign_in';
}

function browserOf(http: IncomingMessage, deps: SignInPagesDeps): string | undefined {
  const name = cookieName(deps);
  for (const pair of (http.headers.cookie ?? '').split(';')) {
    const [key, value = ''] = pair.trim().split('=', 2);
    if (key === name && /^[\w-]{43}$/.test(value)) return value;
  }
  return undefined;
}

function tokenFor(id: string, browser: string): string {
  return hash('sha256', `consent\n${id}\n${browser}`, 'base64url');
}

function isSame(shown: string, expected: string): boolean {
  return shown.length === expected.length && timingSafeEqual(Buffer.from(shown), Buffer.from(expected));
}

function idOf(http: IncomingMessage): string {
  const id = pathOf(http.url ?? '').slice(CONNECT_PATH.length);
  if (!/^[\w-]{43}$/.test(id)) throw new Fault('request.not_found');
  return id;
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '';
}

async function readForm(http: IncomingMessage): Promise<URLSearchParams> {
  if (http.headers['content-type']?.split(';', 1)[0] !== 'application/x-www-form-urlencoded') throw new Fault('request.media_type', { message: 'Send the form of the page.' });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of http) {
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > FORM_BYTES_MAX) throw new Fault('request.too_large');
    chunks.push(part);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
