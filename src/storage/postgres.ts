/** PostgreSQL as the database, for more than one gateway or for a managed one. */
import { PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Clock } from '../base/clock.ts';

const CONNECTIONS_MAX = 10;
/** Also the wait for a free connection: a slow database becomes a refusal, not a queue. */
const CONNECT_TIMEOUT_MS = 1_000;
const QUERY_TIMEOUT_MS = 5_000;
const END_TIMEOUT_MS = 1_000;

const OID_INT8 = 20;
const OID_JSON = 114;
const OID_JSONB = 3802;

/**
 * A statement that is not answered in time leaves its connection waiting for the answer, and whatever is sent after it
 * too; the pool cannot tell. So the connection ends with it. And one whose other side says nothing any more is not
 * waited for at the end.
 */
function patientClient(clock: Clock): typeof pg.Client {
  return class PatientClient extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      // The pool listens only while a connection is idle. One that breaks in a transaction fails its statements, which
      // says it already; without a listener it would end the process.
      this.on('error', () => undefined);
    }

    override query(...given: unknown[]): never {
      const answer = (super.query as (...all: unknown[]) => unknown).apply(this, given);
      if (answer instanceof Promise) answer.catch((thrown: unknown) => thrown instanceof Error && thrown.message === 'Query read timeout' && this.connection.stream.destroy());
      return answer as never;
    }

    override end(...given: unknown[]): never {
      const stopTimer = clock.after(END_TIMEOUT_MS, () => this.connection.stream.destroy());
      this.once('end', stopTimer);
      return (super.end as (...all: unknown[]) => unknown).apply(this, given) as never;
    }
  };
}

/** `report` hears of connections that break while idle; the pool replaces them by itself. `queryTimeoutMs`: for one statement. */
export function openPostgres(databaseUrl: string, clock: Clock, report: (problem: Error) => void, queryTimeoutMs = QUERY_TIMEOUT_MS): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    Client: patientClient(clock),
    keepAlive: true,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: queryTimeoutMs,
    application_name: 'metamcp',
    types: { getTypeParser: parserOf },
  });
  // Without a listener a dropped idle connection would end the process.
  pool.on('error', report);
  return new PostgresDialect({ pool });
}

/** As SQLite answers: JSON as text, 64-bit integers as numbers (ours are times and sequences, below 2^53). */
function parserOf(oid: number, format?: 'text' | 'binary'): (raw: string) => unknown {
  if (oid === OID_INT8) return Number;
  if (oid === OID_JSON || oid === OID_JSONB) return (raw) => raw;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}
