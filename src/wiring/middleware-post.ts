/** How middleware reaches services of the operator: through the dialer, to the address that is configured and nowhere else. */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { MiddlewareServices } from '../model/middleware.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';
import { createWebFetch } from '../upstream/dialer/web-fetch.ts';

export function createMiddlewarePost(deps: { readonly clock: Clock; readonly dialer: Dialer }): NonNullable<MiddlewareServices['post']> {
  return async (url, { headers, body }) => {
    try {
      const send = createWebFetch({ ...deps, operatorUrl: url, service: 'webhook' });
      const answer = await send(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' }, body });
      if (answer.status !== 200) throw new Error(`the service answered ${answer.status}`);
      return await answer.text();
    } catch (thrown) {
      // A fault would be a refusal, which holds in every failure mode; that a service cannot be reached is a failure of the step.
      throw thrown instanceof Fault ? new Error(thrown.detail ?? thrown.message, { cause: thrown }) : thrown;
    }
  };
}
