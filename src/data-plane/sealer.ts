/** The seal of what clients carry for us between two requests: states of calls, ids of tasks. */
import type { RandomBytes } from '../base/ids.ts';
import { open, seal, sealSame } from '../base/sealed.ts';
import type { Sealer } from './parking.ts';
import type { TaskSealer } from './task-ids.ts';

/** `key`: 32 bytes. */
export function createSealer(key: Uint8Array, random: RandomBytes): Sealer & TaskSealer {
  return {
    seal: (text, context) => seal(text, { key, record: context }, random),
    sealSame: (text, context) => sealSame(text, { key, record: context }),
    open: (sealed, context) => {
      try {
        return open(sealed, { key, record: context });
      } catch {
        // Not sealed by us for this: the caller says so to its client.
        return undefined;
      }
    },
  };
}
