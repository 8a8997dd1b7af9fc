/** Numbered versions of the configuration: written with each change, read back to compare and to return to. */
import { z } from 'zod';
import { Fault } from '../../base/fault.ts';
import { open, seal } from '../../base/sealed.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { findConfigVersion, findLatestVersionNumber, insertConfigVersion } from '../../storage/config-versions.ts';
import type { Db } from '../../storage/schema.ts';
import { isConfigKind } from './config-object.ts';
import type { ConfigDraft, ObjectInput, SealingDeps } from './draft.ts';

const VersionObjectsSchema = z.array(
  z.object({
    kind: z.string(),
    name: z.string(),
    body: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null),
    owner: z.string().optional(),
    managedBy: z.string().optional(),
  }),
);

const recordOf = (number: number): string => `config_version:${number}`;

export interface VersionNote {
  /** Id of the principal. */
  readonly author: string;
  readonly reason: string;
}

/** Writes what the draft holds as the next version. Resolves with its number. */
export async function writeVersion(draft: ConfigDraft, note: VersionNote, { sealing, random, clock }: SealingDeps): Promise<number> {
  const number = (await findLatestVersionNumber(draft.tx)) + 1;
  const objects = draft.objects.map(({ kind, name, body, owner, managedBy }) => ({ kind, name, body, owner, managedBy }));
  const sealedDocument = seal(JSON.stringify(objects), { key: sealing, record: recordOf(number) }, random);
  await insertConfigVersion(draft.tx, { number, atMs: clock.nowMs(), ...note, sealedDocument });
  return number;
}

/** The objects of a version, those of sections that this version of the program does not know left out. Throws `request.not_found`. */
export async function readVersion(db: Db, number: number, { sealing }: Pick<SealingDeps, 'sealing'>): Promise<ObjectInput[]> {
  const stored = await findConfigVersion(db, number);
  if (stored === undefined) throw new Fault('request.not_found', { message: `There is no version ${number} of the configuration.`, reason: 'version' });
  const objects = VersionObjectsSchema.parse(JSON.parse(open(stored.sealedDocument, { key: sealing, record: recordOf(number) })));
  return objects.flatMap(({ kind, ...object }) => (isConfigKind(kind) ? [{ ...object, kind, owner: object.owner, managedBy: object.managedBy }] : []));
}
