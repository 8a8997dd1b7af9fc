import { Fault } from '../../base/fault.ts';
import { BeginGrant } from '../../contract/grants.ts';
import { userPrincipalId } from '../../model/principal.ts';
import { isPerPrincipal } from '../../model/server-auth.ts';
import { mayChange } from '../configuration/visibility.ts';
import { getObject } from '../objects/show-object.ts';
import { bindAction } from '../operation.ts';

/** Only an address: the consent is given in the browser, where it proves whose it is. */
export const beginGrant = bindAction(BeginGrant, {
  begin({ body, viewer, services }) {
    const object = getObject(services.objects(), { kind: 'servers', name: body.server }, viewer);
    const auth = services.snapshot().servers.get(object.name)?.auth;
    // One grant for everybody who uses the server is not for everybody to give.
    if (auth !== undefined && !isPerPrincipal(auth) && !mayChange(viewer, object)) throw new Fault('auth.scope_missing', { message: 'Only who may change this server signs in for everybody.', reason: 'public_object', detail: object.name });
    return { subject: object.name };
  },
  act: async ({ body, principal, services }) => {
    const { kind, id, name } = principal;
    const link = services.grants.begin(body.server, { id: kind === 'user' ? userPrincipalId(id) : id, name });
    if (link === undefined) throw new Fault('request.not_found', { message: 'There is no server of this name to which one signs in (auth.type: oauth).', reason: 'server' });
    return { url: link.url };
  },
});
