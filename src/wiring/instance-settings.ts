/** Settings that change while the gateway runs: read off what was published last, and told to what holds a copy. */
import { fixedSettings, type ResolvedSettings } from '../config.ts';
import { liveSettingsOf } from '../control-plane/configuration/instance-settings.ts';
import type { InstanceSettings } from '../control-plane/operation.ts';
import type { Publisher } from '../control-plane/publish.ts';
import type { Log } from '../observability/log.ts';

export function openInstanceSettings(resolved: ResolvedSettings, publisher: Publisher, log: Log): InstanceSettings {
  const fixed = fixedSettings(resolved);
  const read = (): ReturnType<InstanceSettings['now']> => liveSettingsOf(publisher.objects(), fixed);
  let current = read();
  log.setConsole(current.logLevel);
  publisher.onPublish(() => {
    current = read();
    log.setConsole(current.logLevel);
  });
  return { fixed, now: () => current };
}
