/** Settings of the instance as an object of the configuration: what holds, where it came from, and how it is changed. */
import { Fault } from '../../base/fault.ts';
import { type FixedSettings, isLiveSetting, LIVE_SETTING_NAMES, type LiveSettingName, type LiveSettings, toLiveSettings } from '../../model/live-settings.ts';
import type { JsonObject, JsonValue } from '../../protocol/messages.ts';
import { type ConfigObject, settingsOf } from './config-object.ts';
import type { ConfigDraft } from './draft.ts';
import { SET_BY_HAND } from './plan.ts';

export function liveSettingsOf(objects: readonly ConfigObject[], fixed: FixedSettings): LiveSettings {
  return toLiveSettings(settingsOf(objects), fixed);
}

/** Of the settings that no file made; 0 where nobody set any. */
export function settingsVersion(objects: readonly ConfigObject[]): number {
  return findOwn(objects)?.version ?? 0;
}

export function settingOrigin(name: LiveSettingName, objects: readonly ConfigObject[], fixed: FixedSettings): { readonly from: string; readonly isLocked: boolean } {
  const start = fixed.get(name);
  if (start !== undefined) return { from: start.from, isLocked: true };
  const file = objects.findLast(({ kind, managedBy, body }) => kind === 'settings' && managedBy !== undefined && body[name] !== undefined);
  if (file !== undefined) return { from: `file ${file.managedBy ?? ''}`, isLocked: true };
  return { from: findOwn(objects)?.body[name] === undefined ? 'default' : 'set', isLocked: false };
}

/** Null takes a setting away. Resolves with the names that changed. Throws `request.conflict` for one that a file or the start decides. */
export async function changeSettings(draft: ConfigDraft, given: Readonly<Record<string, JsonValue | undefined>>, fixed: FixedSettings): Promise<LiveSettingName[]> {
  const before = liveSettingsOf(draft.objects, fixed);
  const names = Object.keys(given).filter(isLiveSetting);
  for (const name of names) refuseLocked(name, { draft, fixed, isSame: JSON.stringify(given[name]) === JSON.stringify(before[name]) });
  const own = findOwn(draft.objects);
  const body: JsonObject = Object.fromEntries(
    Object.entries({ ...own?.body, ...given }).filter(([name, value]) => value !== null && value !== undefined && (own?.body[name] !== undefined || !settingOrigin(name as LiveSettingName, draft.objects, fixed).isLocked)),
  );
  if (own !== undefined) {
    if (JSON.stringify(body) !== JSON.stringify(own.body)) await draft.update(own, { body });
  } else if (Object.keys(body).length > 0) {
    await draft.insert({ kind: 'settings', name: SET_BY_HAND, body, owner: undefined, managedBy: undefined });
  }
  const after = liveSettingsOf(draft.objects, fixed);
  return LIVE_SETTING_NAMES.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function refuseLocked(name: LiveSettingName, { draft, fixed, isSame }: { readonly draft: ConfigDraft; readonly fixed: FixedSettings; readonly isSame: boolean }): void {
  const { from, isLocked } = settingOrigin(name, draft.objects, fixed);
  if (isLocked && !isSame) throw new Fault('request.conflict', { message: `${from} decides ${name}: change it there.`, reason: fixed.has(name) ? 'fixed_by_start' : 'owned_by_file' });
}

function findOwn(objects: readonly ConfigObject[]): ConfigObject | undefined {
  return objects.find(({ kind, name }) => kind === 'settings' && name === SET_BY_HAND);
}
