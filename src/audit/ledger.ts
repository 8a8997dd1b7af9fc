/** What calls cost, added up in memory between two writes: one row for each day, principal, endpoint, server and tool. */
import { type CallRecord, tokensOf } from './audit-record.ts';

export interface LedgerKey {
  /** UTC, e.g. `2026-11-21`. */
  readonly day: string;
  readonly principal: string;
  readonly endpoint: string;
  /** Empty for what goes to no server. */
  readonly server: string;
  /** Own name; the method for what is about none. */
  readonly tool: string;
}

export interface LedgerSums {
  readonly calls: number;
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly tokens: number;
  readonly catalogTokens: number;
  readonly cost: number;
}

export type LedgerRow = LedgerKey & LedgerSums;

const ROWS_MAX = 20_000;
/** Clients choose some of the names; the ledger keeps the beginning. */
const NAME_CHARS_MAX = 200;

export class Ledger {
  #rows = new Map<string, LedgerKey & { -readonly [name in keyof LedgerSums]: LedgerSums[name] }>();
  #day = { number: -1, text: '' };

  /** False where too many rows wait: write first. */
  add(record: CallRecord): boolean {
    const key = this.#keyOf(record);
    const text = `${key.day}\n${key.principal}\n${key.endpoint}\n${key.server}\n${key.tool}`;
    let row = this.#rows.get(text);
    if (row === undefined) {
      if (this.#rows.size >= ROWS_MAX) return false;
      row = { ...key, calls: 0, errors: 0, bytesIn: 0, bytesOut: 0, tokens: 0, catalogTokens: 0, cost: 0 };
      this.#rows.set(text, row);
    }
    const { bytesIn = 0, bytesOut = 0, outcome, cost = 0, method = '' } = record;
    row.calls++;
    if (outcome !== 'ok') row.errors++;
    row.bytesIn += bytesIn;
    row.bytesOut += bytesOut;
    if (method.endsWith('/list')) row.catalogTokens += tokensOf(bytesOut);
    else row.tokens += tokensOf(bytesIn) + tokensOf(bytesOut);
    row.cost += cost;
    return true;
  }

  /** What came together since the last time. */
  take(): readonly LedgerRow[] {
    const rows = [...this.#rows.values()];
    this.#rows = new Map();
    return rows;
  }

  /** Gives back what could not be written. */
  giveBack(rows: readonly LedgerRow[]): void {
    for (const row of rows) {
      const text = `${row.day}\n${row.principal}\n${row.endpoint}\n${row.server}\n${row.tool}`;
      const known = this.#rows.get(text);
      if (known === undefined) this.#rows.set(text, { ...row });
      else for (const name of ['calls', 'errors', 'bytesIn', 'bytesOut', 'tokens', 'catalogTokens', 'cost'] as const) known[name] += row[name];
    }
  }

  #keyOf({ atMs, principal, endpoint = '', server = '', tool = '', method = '' }: CallRecord): LedgerKey {
    const number = Math.floor(atMs / 86_400_000);
    if (number !== this.#day.number) this.#day = { number, text: new Date(atMs).toISOString().slice(0, 10) };
    return { day: this.#day.text, principal: principal?.id ?? '', endpoint, server, tool: (tool === '' ? method : tool).slice(0, NAME_CHARS_MAX) };
  }
}
