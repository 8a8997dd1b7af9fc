/** Bytes that many requests hold at a time: each may take what it needs, all together no more than there is. */
import { Fault } from './fault.ts';

const RETRY_AFTER_SECONDS = 2;

/** What one request holds of a budget, until everyone who kept it has let go. */
export interface HeldBytes {
  /** Throws `limit.overloaded` where the budget is spent; what was taken before stays held. */
  readonly take: (bytes: number) => void;
  /** One more has a use for them. */
  readonly keep: () => void;
  readonly letGo: () => void;
}

export class ByteBudget {
  readonly #bytesMax: number;
  #heldBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Holds nothing yet; the caller is the first to keep it. */
  hold(): HeldBytes {
    let own = 0;
    let keepers = 1;
    return {
      take: (bytes) => {
        if (this.#heldBytes + bytes > this.#bytesMax) throw new Fault('limit.overloaded', { reason: 'bodies', retryAfterSeconds: RETRY_AFTER_SECONDS });
        own += bytes;
        this.#heldBytes += bytes;
      },
      keep: () => void keepers++,
      letGo: () => {
        if (--keepers > 0) return;
        this.#heldBytes -= own;
        own = 0;
      },
    };
  }
}
