import { Fault } from '../../base/fault.ts';
import { WithdrawGrant } from '../../contract/grants.ts';
import { findGrantById } from '../../storage/grants.ts';
import { query } from '../../storage/transaction.ts';
import { bindAction } from '../operation.ts';
import { findOwnGrants } from './own-grants.ts';

/** Another's grant is as unknown as none, to whoever may not see it. */
export const withdrawGrant = bindAction(WithdrawGrant, {
  begin: ({ params }) => ({ subject: params.id }),
  act: async ({ params, viewer, services }) => {
    const { grant, isOwn } = await query(services.storage.db, async (db) => ({
      grant: await findGrantById(db, services.envelope, params.id),
      ...(await findOwnGrants(db, viewer, services.objects())),
    }));
    if (grant === undefined || !(isOwn(grant) || viewer.permissions.has('private:all'))) throw new Fault('request.not_found', { message: 'There is no grant of this id.', reason: 'grant' });
    return { id: grant.id, isRevoked: await services.grants.withdraw(grant) };
  },
});
