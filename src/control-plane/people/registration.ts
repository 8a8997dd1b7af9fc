import { GetRegistration, PutRegistration } from '../../contract/users.ts';
import { changeSettings, liveSettingsOf } from '../configuration/instance-settings.ts';
import { bindChange, bindRead } from '../operation.ts';
import { readRegistration, refuseLockOut, registrationOf } from '../configuration/registration-rules.ts';

/** The three switches of the settings that are about people, on their own. */
export const getRegistration = bindRead(GetRegistration, async ({ services }) => readRegistration(services));

export const putRegistration = bindChange(PutRegistration, async ({ body, draft, services }) => {
  const hasProvider = services.people.provider !== undefined;
  refuseLockOut(body, hasProvider);
  await changeSettings(draft, body, services.settings.fixed);
  return { answer: registrationOf(liveSettingsOf(draft.objects, services.settings.fixed), hasProvider), event: { subject: 'registration', detail: body } };
});
