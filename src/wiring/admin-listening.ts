/** Where the admin API and its pages are: beside the other addresses, on a listener of their own, or nowhere. */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { newId, type RandomBytes } from '../base/ids.ts';
import { presentFault } from '../control-plane/present.ts';
import type { AdminHandler } from '../control-plane/serve.ts';
import { type Handlers, type Listening, listen } from '../listener/listening.ts';
import type { Settings } from '../model/settings.ts';

type AdminSettings = Pick<Settings, 'host' | 'admin' | 'adminHost' | 'adminPort' | 'workers'>;

/**
 * What stays where the admin API is not: liveness, and what a person needs to sign in, since a sign-in is part of OAuth
 * for MCP clients. Nothing in here shows or changes what the gateway is set to.
 */
const FOR_EVERYONE =
  /^\/(?:health|ready|favicon\.svg|theme\.js|assets\/[^?]+|sign-in|sign-up|forgot-password|link|api\/auth\/oauth2\/callback\/[^/?]+|api\/v1\/(?:sign-in(?:\/provider)?|sign-up|sign-out|links\/(?:inspect|redeem)|password-reset|me))(?:\?|$)/;

/** The admin side of the common listener: whole, or what everyone needs and 404 for the rest. */
export function onCommonListener(handler: AdminHandler, { admin, adminPort }: AdminSettings, deps: { readonly clock: Clock; readonly random: RandomBytes }): AdminHandler {
  if (admin && adminPort === undefined) return handler;
  return (http, response) => {
    if (FOR_EVERYONE.test(http.url ?? '')) handler(http, response);
    else void refuse(response, newId('req', deps.clock, deps.random));
  };
}

/** A listener that has the admin side beside all else, so that its pages can try what they show; undefined where there is none. Rejects with `config.invalid` where the port is taken. */
export async function listenForAdmin({ host, admin, adminHost = host, adminPort, workers }: AdminSettings, handlers: Handlers, clock: Clock): Promise<Listening | undefined> {
  return admin && adminPort !== undefined ? await listen({ host: adminHost, port: adminPort, isShared: workers > 1 }, handlers, clock) : undefined;
}

async function refuse(response: ServerResponse, requestId: string): Promise<void> {
  const answer = presentFault(new Fault('request.not_found'), requestId);
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(await answer.text());
}
