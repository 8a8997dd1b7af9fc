import { Fault } from '../../base/fault.ts';
import { WithdrawGrant } from '../../contract/grants.ts';
import { findGrantById } from '../../storage/grants.ts';
import { query } from '../../storage/transaction.ts';
import { bindAction } from '../operation.ts';

/** Another's grant is as unknown as none, to whoever may not see it. */
export const withdrawGrant = bindAction(WithdrawGrant, {
  begin: ({ params }) => ({ subject: params.id }),
  act: async ({ params, viewer, services }) => {
    const grant = await query(services.storage.db, (db) => findGrantById(db, services.envelope, params.id));
    const isVisible = grant !== undefined && (viewer.permissions.has('private:all') || grant.principal === viewer.principalId);
    if (!isVisible) throw new Fault('request.not_found', { message: 'There is no grant of this id.', reason: 'grant' });
    return { id: grant.id, isRevoked: await services.grants.withdraw(grant) };
  },
});
