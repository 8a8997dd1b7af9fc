/**
 * Writes down what another gateway needs to go on with a session: at once, but nobody waits for it. What was not written
 * when the process died is a session that its client opens anew.
 */
import type { Clock } from '../base/clock.ts';
import { deleteSharedSession, giveUpSharedSessions, putSharedSession, type SessionFacts } from '../storage/shared-sessions.ts';
import type { Storage } from '../storage/open-storage.ts';
import { query } from '../storage/transaction.ts';

const AGAIN_MS = 1_000;
const AT_ONCE_MAX = 4;

export interface SessionKeeperDeps {
  readonly storage: Storage;
  readonly clock: Clock;
  /** Id of this gateway. */
  readonly self: string;
  readonly report: (problem: unknown) => void;
}

export class SessionKeeper {
  readonly #deps: SessionKeeperDeps;
  /** By digest, what is to be written; undefined: the session is over. The newest word for each is enough. */
  readonly #due = new Map<string, (() => SessionFacts) | undefined>();
  #writers = 0;
  #isPaused = false;

  constructor(deps: SessionKeeperDeps) {
    this.#deps = deps;
  }

  keep(digest: string, facts: () => SessionFacts): void {
    this.#due.set(digest, facts);
    this.#go();
  }

  forget(digest: string): void {
    this.#due.set(digest, undefined);
    this.#go();
  }

  /** What is due is written once more, then all sessions of this gateway are free for others. */
  async close(): Promise<void> {
    this.#isPaused = true;
    try {
      for (const digest of [...this.#due.keys()]) await this.#write(digest);
      await query(this.#deps.storage.db, (db) => giveUpSharedSessions(db, this.#deps.self, this.#deps.clock.nowMs()));
    } catch (thrown) {
      this.#deps.report(thrown);
    }
  }

  #go(): void {
    if (this.#isPaused || this.#writers >= AT_ONCE_MAX || this.#due.size === 0) return;
    this.#writers++;
    void this.#writeAll().finally(() => this.#writers--);
  }

  async #writeAll(): Promise<void> {
    try {
      for (;;) {
        const [digest] = this.#due.keys();
        if (digest === undefined) return;
        await this.#write(digest);
      }
    } catch (thrown) {
      this.#deps.report(thrown);
      this.#isPaused = true;
      this.#deps.clock.after(AGAIN_MS, () => {
        this.#isPaused = false;
        this.#go();
      });
    }
  }

  async #write(digest: string): Promise<void> {
    const { storage, self, clock } = this.#deps;
    const facts = this.#due.get(digest);
    this.#due.delete(digest);
    try {
      if (facts === undefined) await query(storage.db, (db) => deleteSharedSession(db, digest, self));
      else await query(storage.db, (db) => putSharedSession(db, { digest, owner: self, facts: facts() }, clock.nowMs()));
    } catch (thrown) {
      if (!this.#due.has(digest)) this.#due.set(digest, facts);
      throw thrown;
    }
  }
}
