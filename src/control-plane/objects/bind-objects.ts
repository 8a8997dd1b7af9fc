/** The operations that every noun has, bound: get, create, replace, patch, delete. */
import type { z } from 'zod';
import type { AnswerOf, Operation } from '../../contract/operation.ts';
import type { objectOperations } from '../../contract/objects.ts';
import type { ConfigSection } from '../../model/config-document.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { changesOf } from '../configuration/plan.ts';
import { type AdminServices, type Bound, bindChange, bindRead } from '../operation.ts';
import { deleteObject } from './delete-object.ts';
import { getObject } from './show-object.ts';
import { changeObject, createObject, getChangeable, mergePatch } from './write-object.ts';

export interface ShowContext {
  /** All of them, as they will be once the change is done. */
  readonly objects: readonly ConfigObject[];
  readonly services: AdminServices;
}

type Operations<Answer extends z.ZodObject> = ReturnType<typeof objectOperations<string, string, Answer>>;

/** `show` makes the answer; it must mask what could be a secret. */
export function bindObjects<Answer extends z.ZodObject>(kind: ConfigSection, operations: Operations<Answer>, show: (object: ConfigObject, context: ShowContext) => z.input<Answer>): readonly Bound[] {
  // The answer's schema is the noun's, which the compiler cannot follow through the generic.
  const answer = <O extends Operation>(object: ConfigObject, context: ShowContext): AnswerOf<O> => show(object, context) as AnswerOf<O>;
  const { get, create, replace, patch, remove } = operations;
  return [
    bindRead(get, async ({ params, viewer, services }) => answer<typeof get>(getObject(services.objects(), { kind, name: params.name }, viewer), { objects: services.objects(), services })),
    bindChange(create, async ({ body, viewer, draft, services }) => {
      const { name, visibility, config, reason } = body;
      const object = await createObject(draft, { kind, name, body: config as JsonObject, visibility }, viewer);
      return { answer: answer<typeof create>(object, { objects: draft.objects, services }), event: { subject: `${kind}.${name}`, detail: { owner: object.owner ?? null } }, reason };
    }),
    ...([replace, patch] as const).map((operation) =>
      bindChange(operation, async ({ params, body, viewer, ifMatch, draft, services }) => {
        const config = body.config as JsonObject;
        const before = getObject(draft.objects, { kind, name: params.name }, viewer).body;
        const change = operation.method === 'PATCH' ? (stored: JsonObject) => mergePatch(stored, config) : () => config;
        const object = await changeObject(draft, { kind, name: params.name, change, ifMatch }, viewer);
        const paths = changesOf(kind, before, object.body).map(({ path }) => path);
        return { answer: answer<typeof operation>(object, { objects: draft.objects, services }), event: { subject: `${kind}.${params.name}`, detail: { paths } }, reason: body.reason };
      }),
    ),
    bindChange(remove, async ({ params, query, viewer, ifMatch, draft, services }) => {
      const object = getChangeable(draft, { kind, name: params.name }, { viewer, ifMatch });
      const { deleted, changed } = await deleteObject(draft, object, { isForced: query.force, viewer, nowMs: services.clock.nowMs() });
      return { answer: { deleted: [...deleted], changed: [...changed] }, event: { subject: `${kind}.${params.name}`, detail: { deleted, changed } } };
    }),
  ];
}
