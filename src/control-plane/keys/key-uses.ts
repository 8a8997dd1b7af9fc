/** When each key was last used: noted in memory on the path of a call, written now and then beside it. */
import type { Clock } from '../../base/clock.ts';
import { updateKeyLastUsed } from '../../storage/keys.ts';
import type { Storage } from '../../storage/open-storage.ts';
import { transact } from '../../storage/transaction.ts';

export interface KeyUsesOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  /** Between two writes, milliseconds: so much is lost at most when the process is killed. */
  readonly flushMs: number;
  /** Hears of a write that failed; what it held is tried again with the next. */
  readonly report: (problem: unknown) => void;
}

export interface KeyUses {
  /** Cheap: no input, no output. */
  used(keyId: string): void;
  /** Writes what is left. Call before the storage is closed. */
  stop(): Promise<void>;
}

export const KEY_USES_FLUSH_MS = 60_000;

export function createKeyUses(options: KeyUsesOptions): KeyUses {
  const { storage, clock, flushMs, report } = options;
  let pending = new Map<string, number>();
  let cancel: (() => void) | undefined;

  const flush = async (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    const written = pending;
    pending = new Map();
    try {
      await transact(storage.db, async (tx) => {
        for (const [id, atMs] of written) await updateKeyLastUsed(tx, id, atMs);
      });
    } catch (thrown) {
      pending = new Map([...written, ...pending]);
      report(thrown);
    }
  };
  return {
    used(keyId) {
      pending.set(keyId, clock.nowMs());
      cancel ??= clock.after(flushMs, () => void flush());
    },
    stop: flush,
  };
}
