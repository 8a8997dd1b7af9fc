/**
 * Handles: ids that say, to whoever has the instance key, which gateway made them. To everybody else they are random
 * text. A session's id is one, and so is the beginning of a `requestState` that leads to a call which waits.
 */
import type { RandomBytes } from '../base/ids.ts';
import { open, seal } from '../base/sealed.ts';

/** Beside the random nonce of the seal: an id is as hard to guess as 28 random bytes. */
const RANDOM_BYTES = 16;
const RECORD = 'replica handle';

export interface ReplicaHandles {
  readonly make: () => string;
  /** Id of the gateway that made it; undefined for what no gateway of this instance made. */
  readonly ownerOf: (handle: string) => string | undefined;
}

/** `key`: 32 bytes. */
export function createReplicaHandles(self: string, key: Uint8Array, random: RandomBytes): ReplicaHandles {
  return {
    make: () => seal(`${self}\n${Buffer.from(random(RANDOM_BYTES)).toString('base64url')}`, { key, record: RECORD }, random),
    ownerOf: (handle) => {
      try {
        return open(handle, { key, record: RECORD }).split('\n')[0];
      } catch {
        // Not of this instance, or not a handle at all.
        return undefined;
      }
    },
  };
}
