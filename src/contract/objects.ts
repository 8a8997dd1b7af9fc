/**
 * What all objects of the configuration have in common in the admin API: how they are made, changed, found and shown.
 * `config` is the object as a configuration file writes it; its schema is that of the file, checked with all the others
 * when it is compiled.
 */
import { z } from 'zod';
import type { Operation, Permission } from './operation.ts';

const InstantSchema = z.iso.datetime();
const PAGE_MAX = 500;

/** Sent by clients, so checked by hand: objects with the prototype in their keys and the like are refused when they are read. */
export const ConfigBodySchema = z.record(z.string(), z.unknown());

export const ObjectShape = {
  name: z.string(),
  owner: z.string().nullable().meta({ description: 'Id of the user it is private to; null: public' }),
  managedBy: z.string().nullable().meta({ description: 'The configuration file that owns it and alone may change it' }),
  version: z.int().meta({ description: 'Rises with every change; also the ETag' }),
  createdAt: InstantSchema,
  updatedAt: InstantSchema,
  config: ConfigBodySchema.meta({ description: 'As in a configuration file, without defaults; values that could be secrets are masked, and a mask sent back keeps the stored value' }),
} as const;

export const ObjectParams = z.strictObject({ name: z.string().min(1).max(200) });

/** Query values are text. */
const limit = z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX).meta({ description: 'Objects in one page' });
const flag = z.enum(['true', 'false']).default('false').transform((text) => text === 'true');

export const PageQueryShape = {
  cursor: z.string().max(400).optional().meta({ description: 'nextCursor of the page before' }),
  limit,
  q: z.string().max(200).optional().meta({ description: 'Part of the name or the description, in any case' }),
  owner: z.string().max(200).optional().meta({ description: 'public, me, or the id of a user' }),
  sort: z.enum(['position', 'name', '-name', 'updatedAt', '-updatedAt']).default('position').meta({ description: 'position: the order of the configuration' }),
} as const;

export const nextCursor = z.string().nullable().meta({ description: 'For the next page; null at the end' });

const reason = z.string().max(1_000).optional().meta({ description: 'Kept with the version of the configuration' });

/** The bodies that make and change an object; the document has the real schema of `config` under `id`. */
function bodiesOf(id: string) {
  const config = ConfigBodySchema.meta({ id, description: 'As in a configuration file' });
  const visibility = z.enum(['public', 'private']).optional().meta({ description: 'Without it: public for who may change public objects, else private' });
  return {
    create: z.strictObject({ name: z.string().min(1).max(200), visibility, config, reason }),
    replace: z.strictObject({ config, reason }),
    patch: z.strictObject({ config: ConfigBodySchema.meta({ description: 'A JSON Merge Patch for it' }), reason }),
  } as const;
}

export const DeleteObjectQuery = z.strictObject({ force: flag.meta({ description: 'Also takes it out of, or deletes, what uses it' }) });
export const ForceAnswer = z.object({
  deleted: z.array(z.string()).meta({ description: 'section.name of all that is gone' }),
  changed: z.array(z.string()).meta({ description: 'section.name of what lost a reference' }),
});

export interface Noun<Path extends string, Id extends string> {
  /** Its section of the configuration, e.g. `servers`. */
  readonly path: Path;
  /** Of the operations, e.g. `Server`. */
  readonly id: Id;
  /** In sentences, e.g. `a server`. */
  readonly words: string;
  readonly read: Permission;
  readonly write: Permission;
}

/** The operations that every noun has. The list has filters of its own and is beside them. */
export function objectOperations<Path extends string, Id extends string, Answer extends z.ZodObject>(noun: Noun<Path, Id>, answer: Answer) {
  const bodies = bodiesOf(`${noun.id}Config`);
  const one = { path: `/api/v1/${noun.path}/{name}`, params: ObjectParams, answer, status: 200, isVersioned: true } as const;
  return {
    get: { ...one, id: `get${noun.id}`, method: 'GET', summary: `Shows ${noun.words}; its version is the ETag`, access: noun.read },
    create: {
      id: `create${noun.id}`,
      method: 'POST',
      path: `/api/v1/${noun.path}`,
      summary: `Makes ${noun.words}; with an Idempotency-Key, once`,
      access: noun.write,
      body: bodies.create,
      answer,
      status: 201,
      isVersioned: true,
      isIdempotent: true,
    },
    replace: { ...one, id: `replace${noun.id}`, method: 'PUT', summary: `Replaces the configuration of ${noun.words}; heeds If-Match`, access: noun.write, body: bodies.replace },
    patch: { ...one, id: `patch${noun.id}`, method: 'PATCH', summary: `Merges into the configuration of ${noun.words} (RFC 7396: null takes a field away); heeds If-Match`, access: noun.write, body: bodies.patch },
    remove: {
      id: `delete${noun.id}`,
      method: 'DELETE',
      path: `/api/v1/${noun.path}/{name}`,
      summary: `Deletes ${noun.words}; refused while it is in use, unless force`,
      access: noun.write,
      params: ObjectParams,
      query: DeleteObjectQuery,
      answer: ForceAnswer,
      status: 200,
    },
  } as const satisfies Record<string, Operation>;
}
