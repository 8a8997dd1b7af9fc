/** How middleware reaches services of the operator: through the dialer, to the address that is configured and nowhere else. */
import type { Clock } from './base/clock.ts';
import type { MiddlewareServices } from './model/middleware.ts';
import type { Dialer } from './upstream/dialer/dialer.ts';
import { createWebFetch } from './upstream/dialer/web-fetch.ts';

export function createMiddlewarePost(deps: { readonly clock: Clock; readonly dialer: Dialer }): NonNullable<MiddlewareServices['post']> {
  return async (url, { headers, body }) => {
    const send = createWebFetch({ ...deps, operatorUrl: url, service: 'webhook' });
    const answer = await send(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' }, body });
    if (answer.status !== 200) throw new Error(`the service answered ${answer.status}`);
    return await answer.text();
  };
}
