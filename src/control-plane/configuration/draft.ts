/**
 * The configuration while it is being changed: objects read in a transaction, changed there, and compiled before the
 * transaction ends. Bodies are sealed on the way to the database, each bound to its object.
 */
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { RandomBytes } from '../../base/ids.ts';
import { open, seal } from '../../base/sealed.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { deleteObject, insertObject, listObjects, type StoredObject, updateObject } from '../../storage/objects.ts';
import type { Db, Tx } from '../../storage/schema.ts';
import { type ConfigObject, type ConfigReference, isConfigKind } from './config-object.ts';

export interface SealingDeps {
  /** 32 bytes. */
  readonly sealing: Uint8Array;
  readonly random: RandomBytes;
  readonly clock: Clock;
}

export type ObjectInput = Pick<ConfigObject, 'kind' | 'name' | 'body' | 'owner' | 'managedBy'>;

/** Objects of sections that this version does not know stay in the database and are left out. */
export async function loadObjects(db: Db, { sealing }: Pick<SealingDeps, 'sealing'>): Promise<ConfigObject[]> {
  return (await listObjects(db)).flatMap(({ kind, sealedBody, ...stored }) => {
    if (!isConfigKind(kind)) return [];
    return [{ ...stored, kind, body: JSON.parse(open(sealedBody, { key: sealing, record: recordOf({ kind, ...stored }) })) as JsonObject }];
  });
}

/** What a sealed body is bound to: another's does not open in its place. */
function recordOf({ kind, name, owner }: Pick<StoredObject, 'kind' | 'name' | 'owner'>): string {
  return `object:${owner ?? ''}:${kind}:${name}`;
}

export class ConfigDraft {
  readonly tx: Tx;
  readonly #deps: SealingDeps;
  #objects: ConfigObject[];
  isChanged = false;

  constructor(tx: Tx, objects: readonly ConfigObject[], deps: SealingDeps) {
    this.tx = tx;
    this.#objects = [...objects];
    this.#deps = deps;
  }

  get objects(): readonly ConfigObject[] {
    return this.#objects;
  }

  find({ kind, name }: ConfigReference): ConfigObject | undefined {
    return this.#objects.find((object) => object.kind === kind && object.name === name);
  }

  /** Throws `request.conflict` where the name is taken in its section. */
  async insert(input: ObjectInput): Promise<ConfigObject> {
    if (this.find(input) !== undefined) throw new Fault('request.conflict', { message: `There is one named ${JSON.stringify(input.name)} in ${input.kind} already.`, reason: 'name_taken' });
    const nowMs = this.#deps.clock.nowMs();
    const position = Math.max(0, ...this.#objects.map((object) => object.position)) + 1;
    const object: ConfigObject = { ...input, version: 1, position, createdAtMs: nowMs, updatedAtMs: nowMs };
    await insertObject(this.tx, this.#toStored(object));
    this.#objects.push(object);
    this.isChanged = true;
    return object;
  }

  async update(object: ConfigObject, change: Partial<Pick<ConfigObject, 'body' | 'managedBy'>>): Promise<ConfigObject> {
    const changed: ConfigObject = { ...object, ...change, version: object.version + 1, updatedAtMs: this.#deps.clock.nowMs() };
    await updateObject(this.tx, this.#toStored(changed));
    this.#objects = this.#objects.map((known) => (known.kind === object.kind && known.name === object.name ? changed : known));
    this.isChanged = true;
    return changed;
  }

  async delete({ kind, name }: ConfigReference): Promise<void> {
    await deleteObject(this.tx, kind, name);
    this.#objects = this.#objects.filter((known) => known.kind !== kind || known.name !== name);
    this.isChanged = true;
  }

  #toStored({ body, ...object }: ConfigObject): StoredObject {
    const { sealing, random } = this.#deps;
    return { ...object, sealedBody: seal(JSON.stringify(body), { key: sealing, record: recordOf(object) }, random) };
  }
}
