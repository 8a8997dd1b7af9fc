import { Fault } from '../../base/fault.ts';
import { DeleteUser } from '../../contract/users.ts';
import { deleteChatModel } from '../../storage/chat-models.ts';
import { revokeKeysOf } from '../../storage/keys.ts';
import { deleteSignInsOf } from '../../storage/sign-ins.ts';
import { deleteUser as deleteStored, findUser } from '../../storage/users.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import type { ConfigDraft } from '../configuration/draft.ts';
import { bindChange } from '../operation.ts';
import { endConsentsOf, endGrantsOf } from './end-access.ts';
import { getUser, refuseHigher, refuseLastOperator } from './users.ts';

/** A user and all that opens anything for it. What it owns is deleted or given to another user only where that is asked for. */
export const deleteUser = bindChange(DeleteUser, async ({ params, query, principal, tx, draft, services }) => {
  const user = await getUser(tx, params.id);
  await refuseHigher(tx, principal, [user.role]);
  if (user.id === principal.id) throw new Fault('request.conflict', { message: 'Nobody deletes itself: ask another operator.', reason: 'self' });
  await refuseLastOperator(tx, user);

  const own = draft.objects.filter(({ owner }) => owner === user.id);
  if (query.objects === 'refuse' && own.length > 0) throw stillOwns(own);
  if (query.objects === 'transfer' && (query.to === undefined || query.to === user.id || (await findUser(tx, query.to)) === undefined)) {
    const message = 'must be the id of another user';
    throw new Fault('request.params_invalid', { data: { errors: [{ path: 'query.to', expected: 'the id of another user', message }] } });
  }
  for (const object of own) await handOver(draft, object, query.objects === 'transfer' ? query.to : undefined);

  const keys = await revokeKeysOf(tx, user.id, services.clock.nowMs());
  const after = [await endConsentsOf(tx, user.id, services), await endGrantsOf(tx, user.id, keys, services)];
  await deleteChatModel(tx, user.id);
  await deleteSignInsOf(tx, user.id);
  await deleteStored(tx, user.id);
  const objects = own.map(({ kind, name }) => `${kind}.${name}`);
  return {
    answer: { id: user.id, objects, keys },
    event: { subject: user.id, detail: { role: user.role, objects, keys, fate: query.objects, to: query.to ?? null } },
    after: () => {
      for (const step of after) step();
    },
  };
});

/** Its stored form is bound to its owner, so that it is made anew for another. */
async function handOver(draft: ConfigDraft, object: ConfigObject, to: string | undefined): Promise<void> {
  await draft.delete(object);
  const { kind, name, body, managedBy } = object;
  if (to !== undefined) await draft.insert({ kind, name, body, managedBy, owner: to });
}

function stillOwns(own: readonly ConfigObject[]): Fault {
  const errors = own.map(({ kind, name }) => ({ path: `${kind}.${name}`, expected: 'an owner who stays', message: 'belongs to this user' }));
  return new Fault('request.conflict', { message: 'This user owns objects: delete them with it (objects=delete) or give them to another user (objects=transfer).', reason: 'owns_objects', data: { errors } });
}
