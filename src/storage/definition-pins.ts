/** What was approved of definitions, and what was refused. One row a definition. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { DEFINITION_KINDS, type DefinitionKey, type Pin } from '../model/definition.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { fromJson, toJson } from './json.ts';
import type { Db, DefinitionPinTable, Tx } from './schema.ts';

/** A pin with what was approved; the definition is unknown where a lock file brought the hash. */
export interface StoredPin extends Pin {
  readonly definition: JsonObject | undefined;
  readonly instructions: string | undefined;
  readonly decidedAtMs: number;
  /** Id of the principal, or a word of ours. */
  readonly decidedBy: string;
}

/** Rows in one statement: databases bound the parameters of one. */
const ROWS_MAX = 500;

/** Of all namespaces, without their texts. */
export async function listPins(db: Db): Promise<Pin[]> {
  const rows = await db.selectFrom('definition_pin').select(['namespace', 'server', 'kind', 'name', 'hash', 'rejected_hash']).orderBy('namespace').orderBy('server').orderBy('kind').orderBy('name').execute();
  return rows.map(toPin);
}

export async function listStoredPins(db: Db, namespace: string): Promise<StoredPin[]> {
  const rows = await db.selectFrom('definition_pin').selectAll().where('namespace', '=', namespace).execute();
  return rows.map((row) => ({
    ...toPin(row),
    definition: row.definition === null ? undefined : (fromJson(z.record(z.string(), z.json()), row.definition) as JsonObject),
    instructions: row.instructions ?? undefined,
    decidedAtMs: row.decided_at_ms,
    decidedBy: row.decided_by,
  }));
}

/** Decisions that are there already stay. */
export async function insertPins(tx: Tx, pins: readonly StoredPin[]): Promise<void> {
  for (let start = 0; start < pins.length; start += ROWS_MAX) {
    const rows = pins.slice(start, start + ROWS_MAX).map(toRow);
    await tx.insertInto('definition_pin').values(rows).onConflict((conflict) => conflict.columns(['namespace', 'server', 'kind', 'name']).doNothing()).execute();
  }
}

/** In place of what was decided before. */
export async function replacePins(tx: Tx, pins: readonly StoredPin[]): Promise<void> {
  for (const pin of pins) await deletePin(tx, pin.namespace, pin);
  await insertPins(tx, pins);
}

export async function deletePin(tx: Tx, namespace: string, { server, kind, name }: DefinitionKey): Promise<void> {
  await tx.deleteFrom('definition_pin').where('namespace', '=', namespace).where('server', '=', server).where('kind', '=', kind).where('name', '=', name).execute();
}

function toPin(row: Pick<Selectable<DefinitionPinTable>, 'namespace' | 'server' | 'kind' | 'name' | 'hash' | 'rejected_hash'>): Pin {
  return { namespace: row.namespace, server: row.server, kind: z.enum(DEFINITION_KINDS).parse(row.kind), name: row.name, hash: row.hash ?? undefined, rejectedHash: row.rejected_hash ?? undefined };
}

function toRow(pin: StoredPin): DefinitionPinTable {
  return {
    namespace: pin.namespace,
    server: pin.server,
    kind: pin.kind,
    name: pin.name,
    hash: pin.hash ?? null,
    rejected_hash: pin.rejectedHash ?? null,
    definition: pin.definition === undefined ? null : toJson(pin.definition),
    instructions: pin.instructions ?? null,
    decided_at_ms: pin.decidedAtMs,
    decided_by: pin.decidedBy,
  };
}
