/**
 * The objects of a first run: made once, where there is nothing at all, then ordinary ones that may be changed and
 * deleted. Only the path of the sample server is kept up to date, as long as nobody changed that server.
 */
import { z } from 'zod';
import { CONFIG_SECTIONS, type ConfigInput } from '../../model/config-document.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { canonicalJson } from '../../protocol/canonical.ts';
import { insertAuditEvent } from '../../storage/audit-events.ts';
import { findSetting, upsertSetting } from '../../storage/settings.ts';
import type { Publisher } from '../publish.ts';
import type { ConfigDraft } from './draft.ts';

const SETTING = 'first_run';
const AUTHOR = 'gateway';
const FirstRunSetting = z.object({ servers: z.record(z.string(), z.custom<JsonObject>((value) => typeof value === 'object' && value !== null)) });

/** Does nothing where there are objects, or were once. */
export async function makeFirstRun(publisher: Publisher, document: ConfigInput, nowMs: number): Promise<void> {
  await publisher.change(AUTHOR, async (draft) => {
    const before = await findSetting(draft.tx, SETTING, FirstRunSetting);
    const servers = (document.servers ?? {}) as Record<string, JsonObject>;
    if (before !== undefined) await followProgram(draft, before.servers, servers);
    else if (draft.objects.length === 0) await create(draft, document, nowMs);
    return { result: undefined, reason: before === undefined ? 'first run' : 'the program moved' };
  });
}

async function create(draft: ConfigDraft, document: ConfigInput, nowMs: number): Promise<void> {
  for (const kind of CONFIG_SECTIONS) {
    for (const [name, body] of Object.entries(document[kind] ?? {})) await draft.insert({ kind, name, body: body as JsonObject, owner: undefined, managedBy: undefined });
  }
  await upsertSetting(draft.tx, SETTING, { servers: document.servers ?? {} });
  await insertAuditEvent(draft.tx, { atMs: nowMs, principal: AUTHOR, action: 'firstRun', subject: 'config', outcome: 'done', detail: { objects: draft.objects.length } });
}

async function followProgram(draft: ConfigDraft, before: Readonly<Record<string, JsonObject>>, now: Readonly<Record<string, JsonObject>>): Promise<void> {
  let isMoved = false;
  for (const [name, body] of Object.entries(now)) {
    const object = draft.find({ kind: 'servers', name });
    if (object === undefined || canonicalJson(object.body) !== canonicalJson(before[name]) || canonicalJson(body) === canonicalJson(before[name])) continue;
    await draft.update(object, { body });
    isMoved = true;
  }
  if (isMoved) await upsertSetting(draft.tx, SETTING, { servers: now });
}
