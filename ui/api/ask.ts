/**
 * The one way to the admin API. A change that needs a fresh proof of who asks gets one and is sent again; a sign-in that
 * ended is told to whoever listens; every other refusal is an `ApiProblem`.
 */
import createClient from 'openapi-fetch';
import { PAGE_HEADER } from '../../src/contract/page-header.ts';
import type { AnswerOf, OperationKey, RequestOf } from './operations.ts';
import { ApiProblem, type Problem, unreachable } from './problem.ts';

interface Outside {
  /** Asks the person to confirm who they are; resolves with whether they did. */
  readonly confirm: () => Promise<boolean>;
  readonly signedOut: () => void;
}

const outside: { current: Outside } = { current: { confirm: () => Promise.resolve(false), signedOut: () => undefined } };

/** Called once by the frame of the pages. */
export function connectApi(to: Outside): void {
  outside.current = to;
}

interface Sent {
  readonly params: { readonly path?: unknown; readonly query?: unknown };
  readonly body?: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** The types are those of `operations.ts`; the library is used for what it sends. */
interface Transport {
  request(method: string, path: string, init: Sent): Promise<{ readonly data?: unknown; readonly error?: unknown; readonly response: Response }>;
}

const transport = createClient({ baseUrl: window.location.origin, credentials: 'same-origin' }) as unknown as Transport;

/** Rejects with `ApiProblem`. */
export async function ask<Key extends OperationKey>(key: Key, ...[request]: Record<never, never> extends RequestOf<Key> ? [request?: RequestOf<Key>] : [request: RequestOf<Key>]): Promise<AnswerOf<Key>> {
  return (await askAny(key, request ?? {})) as AnswerOf<Key>;
}

interface AnyRequest {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly ifVersion?: number;
}

/** For what is generic over operations; `ask` is checked. */
export async function askAny(key: OperationKey, request: AnyRequest): Promise<unknown> {
  const first = await send(key, request);
  if (!(first instanceof ApiProblem)) return first.data;
  const { code } = first.problem;
  if (code === 'auth.reauthentication_needed' && (await outside.current.confirm())) {
    const second = await send(key, request);
    if (second instanceof ApiProblem) throw second;
    return second.data;
  }
  if (code === 'auth.credential_missing' || first.problem.reason === 'sign_in_ended') outside.current.signedOut();
  throw first;
}

async function send(key: OperationKey, { params, query, body, ifVersion }: AnyRequest): Promise<{ readonly data: unknown } | ApiProblem> {
  const [method = '', path = ''] = key.split(' ');
  const headers = { [PAGE_HEADER]: '1', ...(ifVersion !== undefined && { 'if-match': `"${ifVersion}"` }) };
  try {
    const { data, error, response } = await transport.request(method, path, { params: { path: params, query }, body, headers });
    if (response.ok) return { data };
    return toRefusal(error, response);
  } catch {
    return unreachable();
  }
}

/** A refusal with what its answer held. */
export function toRefusal(error: unknown, response: Response): ApiProblem {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ApiProblem(toProblemDetails(error, response), Number.isFinite(retryAfter) ? retryAfter : undefined);
}

function toProblemDetails(error: unknown, response: Response): Problem {
  if (typeof error === 'object' && error !== null && 'code' in error && 'title' in error) return error as Problem;
  return { ...unreachable().problem, status: response.status };
}
