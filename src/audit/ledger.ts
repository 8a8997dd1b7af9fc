/** What calls cost, added up in memory between two writes: one row for each day, principal, endpoint, server and tool. */
import { type CallFigures, tokensOf } from './audit-record.ts';

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

type Row = LedgerKey & { -readonly [name in keyof LedgerSums]: LedgerSums[name] };

const DAY_MS = 86_400_000;
const ROWS_MAX = 20_000;
/** Clients choose some of the names; the ledger keeps the beginning. */
const NAME_CHARS_MAX = 200;

export class Ledger {
  #rows = new Map<string, Row>();
  #last: Row | undefined;
  #day = { number: -1, text: '' };

  /** False where too many rows wait: write first. */
  add(figures: CallFigures): boolean {
    const row = this.#rowOf(figures);
    if (row === undefined) return false;
    const { bytesIn = 0, bytesOut = 0, outcome, cost = 0, method = '' } = figures;
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
    this.#last = undefined;
    return rows;
  }

  /** Gives back what could not be written. */
  giveBack(rows: readonly LedgerRow[]): void {
    for (const row of rows) {
      const text = textOf(row);
      const known = this.#rows.get(text);
      if (known === undefined) this.#rows.set(text, { ...row });
      else for (const name of ['calls', 'errors', 'bytesIn', 'bytesOut', 'tokens', 'catalogTokens', 'cost'] as const) known[name] += row[name];
    }
  }

  #rowOf({ atMs, principalId = '', endpoint = '', server = '', tool = '', method = '' }: CallFigures): Row | undefined {
    const number = Math.floor(atMs / DAY_MS);
    if (number !== this.#day.number) this.#day = { number, text: new Date(atMs).toISOString().slice(0, 10) };
    const key = { day: this.#day.text, principal: principalId, endpoint, server, tool: (tool === '' ? method : tool).slice(0, NAME_CHARS_MAX) };
    // One call after the other is the same.
    if (this.#last !== undefined && isOf(this.#last, key)) return this.#last;
    const text = textOf(key);
    let row = this.#rows.get(text);
    if (row === undefined) {
      if (this.#rows.size >= ROWS_MAX) return undefined;
      row = { ...key, calls: 0, errors: 0, bytesIn: 0, bytesOut: 0, tokens: 0, catalogTokens: 0, cost: 0 };
      this.#rows.set(text, row);
    }
    return (this.#last = row);
  }
}

function isOf(row: Row, key: LedgerKey): boolean {
  return row.tool === key.tool && row.server === key.server && row.principal === key.principal && row.endpoint === key.endpoint && row.day === key.day;
}

function textOf({ day, principal, endpoint, server, tool }: LedgerKey): string {
  return `${day}\n${principal}\n${endpoint}\n${server}\n${tool}`;
}
