/** Requests of a template to the outside: every connection goes through the rules of egress of the gateway. */
import { Client } from 'undici';
import type { Clock } from '../base/clock.ts';
import { toFault } from '../base/fault.ts';
import { ToolRefusal } from '../serving/tool.ts';
import type { Dialer, DialTarget } from '../upstream/dialer/dialer.ts';
import type { WebAnswer, WebFetch, WebRequest } from './template-tools.ts';

const REDIRECTS_MAX = 5;
const BODY_BYTES_MAX = 5 << 20;
const TIMEOUT_MS = 20_000;
/** Never taken from a caller: they frame the message or say who we are. */
const OWN_HEADERS = /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|keep-alive|expect|proxy-.*)$/i;

export interface GuardedWebOptions {
  readonly clock: Clock;
  readonly dialer: Dialer;
  /** Origins that an operator wrote: dialled wherever they are. */
  readonly operatorOrigins: ReadonlySet<string>;
}

export function createGuardedWeb(options: GuardedWebOptions): WebFetch {
  return async (start, request = {}) => {
    let url = start;
    let own = request;
    for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
      const answer = await exchange(options, targetOf(options, url), own);
      const next = redirectOf(answer);
      if (next === undefined) return answer;
      // What was meant for one origin is not told to another, and a repeated change is no redirect.
      if (own.method !== undefined && own.method !== 'GET' && own.method !== 'HEAD') return answer;
      own = URL.parse(next)?.origin === URL.parse(url)?.origin ? own : { method: own.method ?? 'GET' };
      url = next;
    }
    throw new ToolRefusal(`more than ${REDIRECTS_MAX} redirects`);
  };
}

function targetOf({ dialer, operatorOrigins }: GuardedWebOptions, url: string): DialTarget {
  try {
    return operatorOrigins.has(URL.parse(url)?.origin ?? '') ? dialer.operatorTarget(url, 'template') : dialer.guardedTarget(url);
  } catch {
    throw refused(url);
  }
}

function refused(url: string): ToolRefusal {
  return new ToolRefusal(`${URL.parse(url)?.host ?? 'This address'} cannot be reached from here: only public http and https addresses, or those that an operator gave as a parameter of the template`);
}

async function exchange(options: GuardedWebOptions, { url, connect }: DialTarget, request: WebRequest): Promise<WebAnswer> {
  const client = new Client(url.origin, { connect, allowH2: false, maxResponseSize: BODY_BYTES_MAX, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  const abort = new AbortController();
  const cancelTimer = options.clock.after(TIMEOUT_MS, () => abort.abort());
  try {
    const headers = Object.fromEntries(Object.entries(request.headers ?? {}).filter(([name]) => !OWN_HEADERS.test(name)));
    const answer = await client.request({ method: request.method ?? 'GET', path: url.pathname + url.search, headers: { 'user-agent': 'metamcp-template', ...headers }, body: request.body ?? null, signal: abort.signal });
    const text = await answer.body.text();
    return { url: url.href, status: answer.statusCode, headers: Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)])), text };
  } catch (thrown) {
    if (thrown instanceof ToolRefusal) throw thrown;
    const fault = toFault(thrown);
    if (fault.code === 'egress.refused' || fault.code === 'upstream.unavailable') throw refused(url.href);
    throw new ToolRefusal(`${url.host} did not answer well: ${abort.signal.aborted ? `nothing within ${TIMEOUT_MS / 1000} s` : thrown instanceof Error ? thrown.message : 'unknown'}`);
  } finally {
    cancelTimer();
    await client.destroy();
  }
}

/** Never from https down to http. */
function redirectOf(answer: WebAnswer): string | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.status)) return undefined;
  const next = URL.parse(answer.headers['location'] ?? '', answer.url);
  if (next === null || answer.headers['location'] === undefined) return undefined;
  if (answer.url.startsWith('https:') && next.protocol !== 'https:') throw new ToolRefusal('a redirect away from https is not followed');
  return next.href;
}
