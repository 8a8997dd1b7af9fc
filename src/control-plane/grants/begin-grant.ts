import { Fault } from '../../base/fault.ts';
import { BeginGrant } from '../../contract/grants.ts';
import { bindAction } from '../operation.ts';

/** Only an address: the consent is given in the browser, where it proves whose it is. */
export const beginGrant = bindAction(BeginGrant, {
  begin: ({ body }) => ({ subject: body.server }),
  act: async ({ body, principal, services }) => {
    const link = services.grants.begin(body.server, principal);
    if (link === undefined) throw new Fault('request.not_found', { message: 'There is no server of this name to which one signs in (auth.type: oauth).', reason: 'server' });
    return { url: link.url };
  },
});
