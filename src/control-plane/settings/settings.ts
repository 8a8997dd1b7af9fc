import { Fault } from '../../base/fault.ts';
import { GetSettings, type InstanceSettings, PatchSettings } from '../../contract/settings.ts';
import { isLiveSetting, LIVE_SETTING_NAMES } from '../../model/live-settings.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { changeSettings, liveSettingsOf, settingOrigin, settingsVersion } from '../configuration/instance-settings.ts';
import { isMatch } from '../objects/write-object.ts';
import { type AdminServices, bindChange, bindRead } from '../operation.ts';
import { refuseLockOut } from '../configuration/registration-rules.ts';

export const getSettings = bindRead(GetSettings, async ({ services }) => show(services.objects(), services));

export const patchSettings = bindChange(PatchSettings, async ({ body, ifMatch, draft, services }) => {
  if (ifMatch !== undefined && !isMatch(ifMatch, settingsVersion(draft.objects))) throw new Fault('request.precondition_failed');
  const { fixed } = services.settings;
  const names = await changeSettings(draft, body.settings, fixed);
  refuseLockOut(liveSettingsOf(draft.objects, fixed), services.people.provider !== undefined);
  return { answer: show(draft.objects, services), event: { subject: 'settings', detail: { names } }, reason: body.reason };
});

function show(objects: readonly ConfigObject[], { settings, describeConfig }: AdminServices): InstanceSettings {
  const origins = LIVE_SETTING_NAMES.map((name) => ({ name, ...settingOrigin(name, objects, settings.fixed) }));
  return {
    version: settingsVersion(objects),
    settings: liveSettingsOf(objects, settings.fixed),
    origins: Object.fromEntries(origins.map(({ name, from }) => [name, from])),
    locked: origins.filter(({ isLocked }) => isLocked).map(({ name }) => name),
    process: describeConfig().settings.filter(({ name }) => !isLiveSetting(name)),
  };
}
