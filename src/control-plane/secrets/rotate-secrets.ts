import { RotateSecrets } from '../../contract/secrets.ts';
import { resealChatModels } from '../../storage/chat-models.ts';
import { deleteUnusedDataKeys } from '../../storage/data-keys.ts';
import { addKeyPepper } from '../../storage/key-peppers.ts';
import { resealGrants } from '../../storage/grants.ts';
import { resealSecrets } from '../../storage/secrets.ts';
import { bindChange } from '../operation.ts';

/** A value may still be on its way into the database, sealed with the key that was just retired; after so long none is. */
const RETIRED_MS = 60 * 60_000;

/** One transaction: whoever reads meanwhile finds the old values with the old key or the new ones with the new, never a mix. */
export const rotateSecrets = bindChange(RotateSecrets, async ({ tx, services }) => {
  const { envelope, clock, random, instanceKey } = services;
  const dataKey = await envelope.renew(tx);
  const secrets = (await resealSecrets(tx, envelope)) + (await resealChatModels(tx, envelope));
  const grants = await resealGrants(tx, envelope);
  await deleteUnusedDataKeys(tx, clock.nowMs() - RETIRED_MS);
  const keys = await addKeyPepper(tx, { wrapping: instanceKey.wrapping, random, clock });
  return { answer: { dataKey, secrets, grants, keys }, event: { subject: dataKey, detail: { secrets, grants, keys } } };
});
