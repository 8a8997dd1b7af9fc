/** The two ways into the database; both turn the failures of a driver into faults. */
import { Fault } from '../base/fault.ts';
import type { Db, Tx } from './schema.ts';

/**
 * All of `work` or nothing; once this resolves, the change survives the end of the process.
 * Faults: `storage.unavailable`, and those of `work`. Do nothing in it but statements: SQLite has one connection.
 */
export async function transact<Result>(db: Db, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  let failure: unknown;
  try {
    return await db.transaction().execute((tx) =>
      work(tx).catch((thrown: unknown) => {
        failure = thrown;
        throw thrown;
      }),
    );
  } catch (thrown) {
    // Where the rollback fails too, its error would hide the one that matters.
    throw translated(failure ?? thrown);
  }
}

/** Statements that need not be atomic. Faults: `storage.unavailable`, and those of `work`. */
export async function query<Result>(db: Db, work: (db: Db) => Promise<Result>): Promise<Result> {
  try {
    return await work(db);
  } catch (thrown) {
    throw translated(thrown);
  }
}

/** Whether a statement failed because a value that must be unique is there already. */
export function isUniqueViolation(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}

// PostgreSQL appendix A: 08 connection, 53 resources, 55P03 a lock that others hold too long, 57P shutdown, 58 system, 25006 read-only after a failover.
const UNAVAILABLE_CODE = /^(08|53|55P03|57P|58|25006|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOST|ENET|SQLITE_(FULL|IOERR|BUSY|CANTOPEN|READONLY|CORRUPT|NOTADB))/;
// The driver of PostgreSQL gives its own errors no code; the last one: SQLite ended a commit by itself (full disk, I/O error).
const UNAVAILABLE_TEXT =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|Client has encountered a connection error|cannot rollback - no transaction is active/;

function translated(thrown: unknown): unknown {
  if (thrown instanceof Fault || !(thrown instanceof Error)) return thrown;
  if (!UNAVAILABLE_CODE.test(codeOf(thrown)) && !UNAVAILABLE_TEXT.test(thrown.message)) return thrown;
  return new Fault('storage.unavailable', { detail: `${codeOf(thrown)} ${thrown.message}`.trim(), cause: thrown });
}

function codeOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : '';
}
