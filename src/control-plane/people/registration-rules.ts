import { z } from 'zod';
import type { Registration } from '../../contract/users.ts';
import type { Db } from '../../storage/schema.ts';
import { findSetting } from '../../storage/settings.ts';

export const REGISTRATION_SETTING = 'registration';

const StoredSchema = z.object({ formSignUp: z.boolean(), ssoSignUp: z.boolean(), passwordSignIn: z.boolean() });

/** By form nobody comes in unless the operator says so; whoever configured an identity provider means to let its people in. */
const DEFAULT: Registration = { formSignUp: false, ssoSignUp: true, passwordSignIn: true };

/** What an operator set, which no start changes; else the default. Without a provider there is no SSO, whatever is set. */
export async function readRegistration(db: Db, hasProvider: boolean): Promise<Registration> {
  const stored = (await findSetting(db, REGISTRATION_SETTING, StoredSchema)) ?? DEFAULT;
  return hasProvider ? stored : { ...stored, ssoSignUp: false, passwordSignIn: true };
}
