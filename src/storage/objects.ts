/**
 * Objects of the configuration in the database: servers, namespaces, endpoints and what else the document has. Bodies
 * are sealed texts; what is in them only the control plane knows.
 */
import type { Selectable } from 'kysely';
import { Fault } from '../base/fault.ts';
import type { Db, ObjectTable, Tx } from './schema.ts';
import { isUniqueViolation } from './transaction.ts';

export interface StoredObject {
  /** Its section in the configuration document, e.g. `servers`. */
  readonly kind: string;
  readonly name: string;
  readonly sealedBody: string;
  /** Id of the principal it is private to; undefined: public. */
  readonly owner: string | undefined;
  /** The file that made it and alone may change it. */
  readonly managedBy: string | undefined;
  /** Rises with every change of this object, from 1. */
  readonly version: number;
  /** Objects of a kind keep the order in which they were made. */
  readonly position: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export async function listObjects(db: Db): Promise<StoredObject[]> {
  const rows = await db.selectFrom('object').selectAll().orderBy('position').orderBy('kind').orderBy('name').execute();
  return rows.map(fromRow);
}

/** Throws `request.conflict` where an object of the kind has the name. */
export async function insertObject(tx: Tx, object: StoredObject): Promise<void> {
  try {
    await tx.insertInto('object').values(toRow(object)).execute();
  } catch (thrown) {
    if (!isUniqueViolation(thrown)) throw thrown;
    throw new Fault('request.conflict', { message: `There is one named ${JSON.stringify(object.name)} in ${object.kind} already.`, cause: thrown });
  }
}

/** Throws `request.conflict` where it is not there any more in the version before `object.version`. */
export async function updateObject(tx: Tx, object: StoredObject): Promise<void> {
  const { kind, name, ...change } = toRow(object);
  const result = await tx
    .updateTable('object')
    .set(change)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('version', '=', object.version - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Fault('request.conflict', { message: `${kind}.${name} was changed by someone else just now.`, reason: 'changed_meanwhile' });
}

export async function deleteObject(tx: Tx, kind: string, name: string): Promise<void> {
  await tx.deleteFrom('object').where('kind', '=', kind).where('name', '=', name).execute();
}

function toRow(object: StoredObject): Selectable<ObjectTable> {
  return {
    kind: object.kind,
    name: object.name,
    body: object.sealedBody,
    owner: object.owner ?? null,
    managed_by: object.managedBy ?? null,
    version: object.version,
    position: object.position,
    created_at_ms: object.createdAtMs,
    updated_at_ms: object.updatedAtMs,
  };
}

function fromRow(row: Selectable<ObjectTable>): StoredObject {
  return {
    kind: row.kind,
    name: row.name,
    sealedBody: row.body,
    owner: row.owner ?? undefined,
    managedBy: row.managed_by ?? undefined,
    version: row.version,
    position: row.position,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  };
}
