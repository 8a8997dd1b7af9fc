import { Fault } from '../../base/fault.ts';
import { GetRegistration, PutRegistration } from '../../contract/users.ts';
import { upsertSetting } from '../../storage/settings.ts';
import { bindChange, bindRead } from '../operation.ts';
import { readRegistration, REGISTRATION_SETTING } from './registration-rules.ts';

export const getRegistration = bindRead(GetRegistration, ({ db, services }) => readRegistration(db, services.people.provider !== undefined));

export const putRegistration = bindChange(PutRegistration, async ({ body, tx, services }) => {
  const hasProvider = services.people.provider !== undefined;
  if (!body.passwordSignIn && !hasProvider) throw new Fault('request.conflict', { message: 'Without an identity provider nobody could sign in any more.', reason: 'no_provider' });
  await upsertSetting(tx, REGISTRATION_SETTING, body);
  return { answer: await readRegistration(tx, hasProvider), event: { subject: REGISTRATION_SETTING, detail: body } };
});
