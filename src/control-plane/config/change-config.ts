/** Configuration as code: plan, apply, versions, differences and the way back. */
import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { ApplyConfig, DiffConfig, ListConfigVersions, type Plan, PlanConfig, RollbackConfig } from '../../contract/config.ts';
import { isLiveSetting } from '../../model/live-settings.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { findLatestVersionNumber, listConfigVersions } from '../../storage/config-versions.ts';
import type { Tx } from '../../storage/schema.ts';
import { readConfigInput } from '../config-file/read-config-text.ts';
import { type Applied, applyDocument, carryOut } from '../configuration/apply.ts';
import type { ConfigDraft } from '../configuration/draft.ts';
import { type PlanItem, planRestore } from '../configuration/plan.ts';
import { planText } from '../configuration/plan-text.ts';
import { readVersion } from '../configuration/versions.ts';
import type { Viewer } from '../configuration/visibility.ts';
import { refuseProcess } from '../objects/write-object.ts';
import { type AdminServices, bindChange, bindRead } from '../operation.ts';

interface ApplyRequest {
  readonly text: string;
  readonly name: string;
  readonly source: string | null;
  readonly mode: 'apply' | 'import';
}

async function applyText(draft: ConfigDraft, request: ApplyRequest, { services, viewer }: { readonly services: AdminServices; readonly viewer: Viewer }) {
  const read = readConfigInput(request.text, request.name);
  const value = request.mode === 'import' ? joined(draft, read.input) : read.input;
  const applied = await applyDocument(draft, { value, source: request.source ?? undefined, locate: read.locate }, services);
  for (const item of applied.items) if (item.kind === 'servers' && item.action !== 'delete') refuseProcess(item.write.body, viewer);
  const warnings = [...read.warnings, ...settingWarnings(read.input, services), ...(applied.locked === 0 ? [] : [`the lock decides ${applied.locked} definitions otherwise than before`])];
  return { applied, locate: read.locate, warnings };
}

/** What an applied file says that does not come to pass. */
function settingWarnings(input: JsonObject, { settings }: AdminServices): string[] {
  const given = isObject(input['settings']) ? input['settings'] : {};
  return Object.keys(given).flatMap((name) => {
    if (!isLiveSetting(name)) return [`settings.${name} is read from the file that is given at start, not from one that is applied`];
    const fixed = settings.fixed.get(name);
    return fixed === undefined ? [] : [`settings.${name} is kept, but ${fixed.from} of this start wins`];
  });
}

/** Namespaces that are there keep what they have and get the servers that are new; endpoints that are there stay as they are. */
function joined(draft: ConfigDraft, input: JsonObject): JsonObject {
  const namespaces = Object.entries(isObject(input['namespaces']) ? input['namespaces'] : {}).map(([name, given]): [string, JsonValue | undefined] => {
    const there = draft.find({ kind: 'namespaces', name })?.body;
    if (there === undefined || !isObject(given)) return [name, given];
    const known = listOf(there['servers']);
    const names = new Set(known.map((member) => (isObject(member) ? member['server'] : member)));
    return [name, { ...there, servers: [...known, ...listOf(given['servers']).filter((member) => !names.has(isObject(member) ? member['server'] : member))] }];
  });
  const endpoints = Object.entries(isObject(input['endpoints']) ? input['endpoints'] : {}).filter(([name]) => draft.find({ kind: 'endpoints', name }) === undefined);
  return { ...input, namespaces: Object.fromEntries(namespaces), endpoints: Object.fromEntries(endpoints) };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function showPlan(items: readonly PlanItem[], warnings: readonly string[] = []): Plan {
  return {
    items: items.map(({ action, kind, name, changes }) => ({ action, kind, name, changes: changes.map((change) => ({ ...change })) })),
    text: planText(items),
    warnings: [...warnings],
  };
}

async function showApplied(tx: Tx, { items, keys }: Applied, { warnings = [], isNew }: { readonly warnings?: readonly string[]; readonly isNew: boolean }) {
  const latest = await findLatestVersionNumber(tx);
  return { ...showPlan(items, warnings), version: isNew ? latest + 1 : latest, keys: keys.map((key) => ({ ...key })) };
}

function eventOf({ items, locked }: Applied, more: Readonly<Record<string, unknown>>) {
  return { subject: 'config', detail: { ...more, ...(locked === 0 ? {} : { locked }), objects: items.map(({ action, kind, name }) => `${action} ${kind}.${name}`) } };
}

/** Does all that applying does, and then undoes it. */
export const planConfig = bindChange(PlanConfig, async ({ body, viewer, draft, services }) => {
  const { applied, locate, warnings } = await applyText(draft, body, { services, viewer });
  return { answer: showPlan(applied.items, warnings), event: eventOf(applied, {}), locate, isTrial: true };
});

export const applyConfig = bindChange(ApplyConfig, async ({ body, tx, viewer, draft, services }) => {
  const { applied, locate, warnings } = await applyText(draft, body, { services, viewer });
  const answer = await showApplied(tx, applied, { warnings, isNew: draft.isChanged });
  return { answer, event: eventOf(applied, { source: body.source, reason: body.reason }), reason: body.reason, locate };
});

export const listVersions = bindRead(ListConfigVersions, async ({ query, db }) => {
  const { cursor, limit } = query;
  const found = await listConfigVersions(db, { beforeNumber: cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor), limit: limit + 1 });
  const page = found.slice(0, limit);
  return {
    items: page.map(({ number, atMs, author, reason }) => ({ number, author, reason, at: toIso(atMs) })),
    nextCursor: found.length > limit ? String(page.at(-1)?.number) : null,
  };
});

export const diffConfig = bindRead(DiffConfig, async ({ params, db, services }) => {
  const sealing = { sealing: services.instanceKey.sealing };
  const [from, to] = [await readVersion(db, Number(params.number), sealing), await readVersion(db, Number(params.other), sealing)];
  const asObjects = from.map((object, position) => ({ ...object, position, version: 0, createdAtMs: 0, updatedAtMs: 0 }));
  return showPlan(planRestore(asObjects, to));
});

export const rollbackConfig = bindChange(RollbackConfig, async ({ body, tx, draft, services }) => {
  const { number, dryRun } = body;
  const target = await readVersion(tx, number, { sealing: services.instanceKey.sealing });
  const items = planRestore(draft.objects, target);
  for (const item of items) {
    const owner = item.action === 'create' ? item.write.managedBy : item.object.managedBy;
    // That file would be applied again at its next edit or start, and undo this.
    if (owner !== undefined && owner === services.configFile) {
      throw new Fault('request.conflict', { message: `The configuration file ${owner} owns ${item.kind}.${item.name}: change it there.`, reason: 'owned_by_file' });
    }
  }
  const applied = await carryOut(draft, items, services);
  const answer = await showApplied(tx, applied, { isNew: draft.isChanged });
  const reason = body.reason === '' ? `rollback to ${number}` : body.reason;
  return { answer, event: eventOf(applied, { number, reason }), reason, isTrial: dryRun };
});
