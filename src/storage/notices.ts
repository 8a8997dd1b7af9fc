/**
 * What gateways on one PostgreSQL tell each other (LISTEN and NOTIFY), over a connection of its own that is looked after:
 * one that does not answer is given up and made anew, and whoever listens is told that notices may be missing. The lock
 * of the leader lives on the same connection, so that it ends with it (PostgreSQL 15, section 13.3.5, "Advisory Locks").
 */
import { sql } from 'kysely';
import pg from 'pg';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Db } from './schema.ts';

const CHANNEL = 'metamcp';
/** "metamcp" as a number: locks of other programs in the same database have other ones. */
const LEADER_LOCK = 1_835_363_696;
const CONNECT_TIMEOUT_MS = 2_000;
const ANSWER_TIMEOUT_MS = 2_000;
/** How long a connection that went away without a word is believed. */
const LOOK_MS = 1_000;
const RETRY_MS = 500;

export interface NoticesDeps {
  readonly databaseUrl: string;
  readonly clock: Clock;
  /** The payload of a notice. */
  readonly heard: (text: string) => void;
  /** Listening began, maybe again: what was told before is not known. */
  readonly began: () => void;
  readonly report: (event: 'notices are heard' | 'notices are not heard', detail: string) => void;
}

export class Notices {
  readonly #deps: NoticesDeps;
  #client: pg.Client | undefined;
  #isListening = false;
  #isLeader = false;
  #isClosed = false;
  #wasToldOfTrouble = false;
  #cancelTimer: CancelTimer = () => undefined;

  constructor(deps: NoticesDeps) {
    this.#deps = deps;
  }

  get isListening(): boolean {
    return this.#isListening;
  }

  /** Of all gateways on the database at most one is. */
  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** Resolves after the first attempt, whether it worked or not. */
  async start(): Promise<void> {
    await this.#look();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    const client = this.#client;
    this.#lost(client, 'closed');
    await client?.end().catch(() => undefined);
  }

  async #look(): Promise<void> {
    let delayMs = LOOK_MS;
    const client = this.#client;
    try {
      if (client === undefined) await this.#connect();
      else if (this.#isLeader) await client.query('select 1');
      else await this.#stand(client);
    } catch (thrown) {
      delayMs = RETRY_MS;
      const broken = this.#client;
      this.#lost(broken, thrown instanceof Error ? thrown.message : String(thrown));
      // Not awaited: what does not answer does not say goodbye either.
      void broken?.end().catch(() => undefined);
    }
    if (!this.#isClosed) this.#cancelTimer = this.#deps.clock.after(delayMs, () => void this.#look());
  }

  async #connect(): Promise<void> {
    const { databaseUrl, heard, began, report } = this.#deps;
    const client = new pg.Client({ connectionString: databaseUrl, application_name: 'metamcp notices', connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: ANSWER_TIMEOUT_MS, keepAlive: true });
    this.#client = client;
    client.on('error', (problem) => this.#lost(client, problem.message));
    client.on('end', () => this.#lost(client, 'the connection ended'));
    client.on('notification', ({ payload }) => heard(payload ?? ''));
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
    if (this.#isClosed || this.#client !== client) {
      await client.end();
      return;
    }
    this.#isListening = true;
    if (this.#wasToldOfTrouble) report('notices are heard', 'listening again');
    this.#wasToldOfTrouble = false;
    await this.#stand(client);
    began();
  }

  async #stand(client: pg.Client): Promise<void> {
    const { rows } = await client.query<{ isTaken: boolean }>('select pg_try_advisory_lock($1) as "isTaken"', [LEADER_LOCK]);
    this.#isLeader = this.#client === client && rows[0]?.isTaken === true;
  }

  #lost(client: pg.Client | undefined, detail: string): void {
    if (client === undefined || this.#client !== client) return;
    this.#client = undefined;
    this.#isListening = false;
    this.#isLeader = false;
    if (this.#isClosed || this.#wasToldOfTrouble) return;
    this.#wasToldOfTrouble = true;
    this.#deps.report('notices are not heard', detail);
  }
}

/** Tells all gateways, this one too. Within a transaction it is told when that ends. */
export async function notify(db: Db, payload: object): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, ${JSON.stringify(payload)})`.execute(db);
}
