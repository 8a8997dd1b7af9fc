/**
 * Settings that change while the gateway runs: an operator sets them by the admin API or in a configuration file, and they
 * hold at once. What a flag or variable of the start says cannot be changed from within.
 */
import { type FileSettings, FileSettingsSchema, SETTING_DEFAULTS, type Settings } from './settings.ts';

export const LiveSettingsSchema = FileSettingsSchema.pick({
  logLevel: true,
  egressAllow: true,
  oauthRegistration: true,
  oauthClientsMax: true,
  oauthRegistrationsPerHour: true,
  formSignUp: true,
  ssoSignUp: true,
  passwordSignIn: true,
  auditRetentionDays: true,
  trafficRetentionDays: true,
});

export type LiveSettingName = keyof typeof LiveSettingsSchema.shape;
export type LiveSettings = Pick<Settings, LiveSettingName>;

export const LIVE_SETTING_NAMES = Object.keys(LiveSettingsSchema.shape) as LiveSettingName[];

/** What the start fixed, with the flag or variable that did. */
export type FixedSettings = ReadonlyMap<LiveSettingName, { readonly value: unknown; readonly from: string }>;

/** What holds: fixed at the start, else stored, else the default. */
export function toLiveSettings(stored: Partial<FileSettings>, fixed: FixedSettings): LiveSettings {
  return Object.fromEntries(LIVE_SETTING_NAMES.map((name) => [name, fixed.get(name)?.value ?? stored[name] ?? SETTING_DEFAULTS[name]])) as unknown as LiveSettings;
}

export function isLiveSetting(name: string): name is LiveSettingName {
  return Object.hasOwn(LiveSettingsSchema.shape, name);
}
