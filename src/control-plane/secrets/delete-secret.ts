import { Fault } from '../../base/fault.ts';
import { DeleteSecret } from '../../contract/secrets.ts';
import { deleteSecret as deleteStored } from '../../storage/secrets.ts';
import { bindChange } from '../operation.ts';
import { usedBy } from './used-by.ts';

export const deleteSecret = bindChange(DeleteSecret, async ({ params, tx, services }) => {
  const { name } = params;
  if (!(await deleteStored(tx, name))) throw new Fault('request.not_found', { message: 'There is no secret of this name.', reason: 'secret' });
  return { answer: { name }, event: { subject: name, detail: { usedBy: usedBy(name, services.snapshot()) } } };
});
