import { Fault } from '../../base/fault.ts';
import type { Registration } from '../../contract/users.ts';
import type { LiveSettings } from '../../model/live-settings.ts';
import type { AdminServices } from '../operation.ts';

/** How people may come in now. Without a provider there is no SSO, whatever is set, and passwords are the only way. */
export function registrationOf({ formSignUp, ssoSignUp, passwordSignIn }: LiveSettings, hasProvider: boolean): Registration {
  return hasProvider ? { formSignUp, ssoSignUp, passwordSignIn } : { formSignUp, ssoSignUp: false, passwordSignIn: true };
}

export function readRegistration({ settings, people }: Pick<AdminServices, 'settings' | 'people'>): Registration {
  return registrationOf(settings.now(), people.provider !== undefined);
}

/** Throws `request.conflict` for settings with which nobody could sign in any more. */
export function refuseLockOut({ passwordSignIn }: Pick<LiveSettings, 'passwordSignIn'>, hasProvider: boolean): void {
  if (!passwordSignIn && !hasProvider) throw new Fault('request.conflict', { message: 'Without an identity provider nobody could sign in any more.', reason: 'no_provider' });
}
