/**
 * A sign-in at the identity provider that is under way. Its state is stored when the person has asked for it, right
 * before the browser leaves; it is good once, for ten minutes, and only in that browser, which holds a cookie for it.
 */
import { z } from 'zod';
import { digestOf } from '../../auth/keys.ts';
import { Fault } from '../../base/fault.ts';
import { open, seal } from '../../base/sealed.ts';
import { insertProviderFlow, takeProviderFlow } from '../../storage/provider-users.ts';
import type { Db, Tx } from '../../storage/schema.ts';
import type { Browser } from '../browser.ts';
import type { AdminServices } from '../operation.ts';
import { newCookieValue } from './start-sign-in.ts';

const FLOW_MS = 600_000;

const FlowSchema = z.object({
  checks: z.object({ redirectUri: z.string(), state: z.string(), nonce: z.string(), verifier: z.string().optional() }),
  purpose: z.enum(['sign_in', 'reauthentication', 'link']),
  /** Whose sign-in began it, where somebody was signed in. */
  signInId: z.string().optional(),
  /** Digest of a one-time link to use with it. */
  link: z.string().optional(),
  returnTo: z.string(),
  browserDigest: z.string(),
});
export type Flow = z.infer<typeof FlowSchema>;

export async function keepFlow(tx: Tx, flow: Omit<Flow, 'browserDigest'>, { browser, services }: { readonly browser: Browser; readonly services: AdminServices }): Promise<void> {
  const { instanceKey, random, clock } = services;
  const value = newCookieValue(services);
  const stateDigest = digestOf(instanceKey.pepper, flow.checks.state);
  const body = seal(JSON.stringify({ ...flow, browserDigest: digestOf(instanceKey.pepper, value) }), { key: instanceKey.sealing, record: `flow:${stateDigest}` }, random);
  await insertProviderFlow(tx, { stateDigest, body, expiresAtMs: clock.nowMs() + FLOW_MS }, clock.nowMs());
  // Lax: the provider leads the browser back to us from another site.
  browser.setCookie('flow', value, { sameSite: 'Lax', maxAgeSeconds: FLOW_MS / 1_000 });
}

/** Takes the flow of `state`, whoever asks; throws `auth.credential_invalid` unless it is the browser that began it. */
export async function takeFlow(db: Db, state: string, { browser, services }: { readonly browser: Browser; readonly services: AdminServices }): Promise<Flow> {
  const { instanceKey, clock } = services;
  const stateDigest = digestOf(instanceKey.pepper, state);
  const body = await takeProviderFlow(db, stateDigest, clock.nowMs());
  if (body === undefined) throw refusal('flow_unknown', 'no sign-in with this state is under way: used, too old, or never begun');
  const flow = FlowSchema.parse(JSON.parse(open(body, { key: instanceKey.sealing, record: `flow:${stateDigest}` })));
  const value = browser.cookie('flow');
  if (value === undefined || digestOf(instanceKey.pepper, value) !== flow.browserDigest) throw refusal('other_browser', 'the browser is not the one that began the sign-in');
  return flow;
}

/** `reason` is shown to the person; `detail` is for the log. */
export function refusal(reason: string, detail: string): Fault {
  return new Fault('auth.credential_invalid', { reason, detail });
}
