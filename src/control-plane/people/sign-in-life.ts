/** How long a sign-in lasts. */
import type { StoredSignIn } from '../../storage/sign-ins.ts';

export const SIGN_IN_IDLE_MS = 30 * 60_000;
export const SIGN_IN_MS_MAX = 7 * 24 * 3_600_000;
/** How long a proof of who one is counts for what is far-reaching. */
export const REAUTH_MS = 5 * 60_000;

type Times = Pick<StoredSignIn, 'createdAtMs' | 'lastSeenAtMs'>;

/** When it ends, if nothing more is heard of it. */
export function endOf({ createdAtMs, lastSeenAtMs }: Times): number {
  return Math.min(createdAtMs + SIGN_IN_MS_MAX, lastSeenAtMs + SIGN_IN_IDLE_MS);
}
