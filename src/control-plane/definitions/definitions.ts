/** Definitions and what is decided about them. A decision is a change: it is published, so open sessions hear of it. */
import { showHiddenText } from '../../base/hidden-text.ts';
import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { ApproveDefinitions, type Definition, ListDefinitions, RejectDefinition } from '../../contract/definitions.ts';
import { definitionKey } from '../../model/definition.ts';
import { diffDefinitions } from '../../policy/definitions/definition-diff.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { listStoredPins, replacePins, type StoredPin } from '../../storage/definition-pins.ts';
import type { Db } from '../../storage/schema.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { mayChange, maySee, type Viewer } from '../configuration/visibility.ts';
import type { LiveDefinition } from '../live-definitions.ts';
import { type AdminServices, bindChange, bindRead } from '../operation.ts';

export const listDefinitions = bindRead(ListDefinitions, async ({ query, viewer, db, services }) => {
  const namespaces = services.objects().filter((object) => object.kind === 'namespaces' && maySee(viewer, object) && (query.namespace === undefined || object.name === query.namespace));
  const items: Definition[] = [];
  for (const { name } of namespaces) items.push(...(await show(name, db, services)));
  return {
    items: items.filter(
      (item) => (query.server === undefined || item.server === query.server) && (query.state === undefined || item.state === query.state) && (!query.open || item.isFlagged || item.isQuarantined),
    ),
  };
});

async function show(namespace: string, db: Db, { definitions }: AdminServices): Promise<Definition[]> {
  const found = definitions.inspect(namespace);
  if (found.length === 0) return [];
  const pins = new Map((await listStoredPins(db, namespace)).map((pin) => [definitionKey(pin), pin]));
  return found.map((live) => {
    const pin = pins.get(definitionKey(live));
    const { verdict, server, as, kind } = live;
    return {
      namespace,
      server,
      as,
      kind,
      name: showHiddenText(live.name),
      state: verdict.state,
      isQuarantined: verdict.isQuarantined,
      isFlagged: verdict.isFlagged,
      reasons: [...verdict.reasons],
      score: verdict.score,
      hash: verdict.hash,
      pinnedHash: pin?.hash ?? null,
      decidedAt: pin === undefined ? null : toIso(pin.decidedAtMs),
      decidedBy: pin?.decidedBy ?? null,
      changes: changesOf(live, pin),
    };
  });
}

function changesOf(live: LiveDefinition, pin: StoredPin | undefined): Definition['changes'] {
  if (live.verdict.state === 'pinned') return [];
  const before = pin?.definition === undefined ? {} : readable(pin.definition, pin.instructions);
  return diffDefinitions(before, readable(live.definition, live.instructions)).map(({ at, parts }) => ({ at, parts: parts.map((part) => ({ ...part })) }));
}

/** What a model reads: the definition, and beside it the instructions of its server. */
function readable(definition: JsonObject, instructions: string | undefined): JsonObject {
  return instructions === undefined ? definition : { ...definition, 'server instructions': instructions };
}

/** Throws `request.not_found`, `auth.scope_missing`. */
function getNamespace(name: string, viewer: Viewer, { objects }: AdminServices): ConfigObject {
  const namespace = objects().find((object) => object.kind === 'namespaces' && object.name === name);
  if (namespace === undefined || !maySee(viewer, namespace)) throw new Fault('request.not_found', { message: `There is no namespace ${JSON.stringify(name)}.`, reason: 'namespaces' });
  if (!mayChange(viewer, namespace)) throw new Fault('auth.scope_missing', { detail: `${viewer.principalId} may not decide about what is public` });
  return namespace;
}

interface Choice {
  readonly server?: string | undefined;
  readonly kind?: LiveDefinition['kind'] | undefined;
  readonly name?: string | undefined;
  readonly hash?: string | undefined;
}

/** Throws `request.not_found` where nothing is meant, `request.conflict` where it is another by now. */
function choose(found: readonly LiveDefinition[], { server, kind, name, hash }: Choice): readonly LiveDefinition[] {
  const meant = found.filter(
    (live) => (server === undefined || live.server === server) && (kind === undefined || live.kind === kind) && (name === undefined || live.name === name || showHiddenText(live.name) === name),
  );
  if (meant.length === 0) throw new Fault('request.not_found', { message: 'No such definition is offered now.', reason: 'definition' });
  if (hash !== undefined && meant.some((live) => live.verdict.hash !== hash)) {
    throw new Fault('request.conflict', { message: 'The definition is another by now: look at it again.', reason: 'definition_changed' });
  }
  return meant;
}

export const approveDefinitions = bindChange(ApproveDefinitions, async ({ body, tx, principal, viewer, services }) => {
  const namespace = getNamespace(body.namespace, viewer, services).name;
  const meant = choose(services.definitions.inspect(namespace), body).filter(({ verdict }) => verdict.state !== 'pinned');
  const decided = { decidedAtMs: services.clock.nowMs(), decidedBy: principal.id };
  await replacePins(
    tx,
    meant.map(({ server, kind, name, definition, instructions, verdict }) => ({ namespace, server, kind, name, definition, instructions, hash: verdict.hash, rejectedHash: undefined, ...decided })),
  );
  const approved = meant.map(shown);
  return { answer: { approved }, event: { subject: namespace, detail: { approved } } };
});

export const rejectDefinition = bindChange(RejectDefinition, async ({ body, tx, principal, viewer, services }) => {
  const namespace = getNamespace(body.namespace, viewer, services).name;
  const [live] = choose(services.definitions.inspect(namespace), body);
  if (live === undefined) throw new Fault('request.not_found', { reason: 'definition' });
  const { server, kind, name, verdict } = live;
  const before = (await listStoredPins(tx, namespace)).find((pin) => definitionKey(pin) === definitionKey(live));
  // What is refused is no longer approved; what was approved before it stays so.
  const isApproved = before?.hash === verdict.hash;
  const kept = before === undefined || isApproved ? { hash: undefined, definition: undefined, instructions: undefined } : before;
  const { hash, definition, instructions } = kept;
  await replacePins(tx, [{ namespace, server, kind, name, hash, definition, instructions, rejectedHash: verdict.hash, decidedAtMs: services.clock.nowMs(), decidedBy: principal.id }]);
  const rejected = shown(live);
  return { answer: { rejected }, event: { subject: namespace, detail: { rejected } } };
});

function shown({ server, kind, name, verdict }: LiveDefinition): { server: string; kind: LiveDefinition['kind']; name: string; hash: string } {
  return { server, kind, name: showHiddenText(name), hash: verdict.hash };
}
