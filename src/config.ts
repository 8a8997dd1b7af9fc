/**
 * Settings of the process: flags win over `METAMCP_*` variables, those over the file, that over the defaults. One schema
 * checks them all at start and tells every problem at once. The only file that reads the process's environment.
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { configInvalid, type ConfigProblem } from './model/config-problem.ts';
import { type FixedSettings, LIVE_SETTING_NAMES, type LiveSettingName } from './model/live-settings.ts';
import { nearestName } from './model/nearest-name.ts';
import { type FileSettings, SETTING_DEFAULTS, type SettingName, type Settings, SettingsSchema } from './model/settings.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { Environment } from './snapshot/values.ts';

interface SettingSource {
  /** Tried in this order. */
  readonly variables: readonly [string, ...string[]];
  readonly flag: string;
  readonly kind: 'text' | 'number' | 'boolean' | 'list';
}

/** Where each setting comes from, beside the file. To add one: a field in model/settings.ts, a row here. */
export const SETTING_SOURCES = {
  host: { variables: ['METAMCP_HOST'], flag: 'host', kind: 'text' },
  port: { variables: ['METAMCP_PORT'], flag: 'port', kind: 'number' },
  data: { variables: ['METAMCP_DATA'], flag: 'data', kind: 'text' },
  publicUrl: { variables: ['METAMCP_PUBLIC_URL', 'APP_URL'], flag: 'public-url', kind: 'list' },
  allowedHosts: { variables: ['METAMCP_ALLOWED_HOSTS'], flag: 'allowed-host', kind: 'list' },
  trustedProxies: { variables: ['METAMCP_TRUSTED_PROXIES'], flag: 'trusted-proxy', kind: 'list' },
  egressAllow: { variables: ['METAMCP_EGRESS_ALLOW'], flag: 'egress-allow', kind: 'list' },
  logLevel: { variables: ['METAMCP_LOG_LEVEL', 'LOG_LEVEL'], flag: 'log-level', kind: 'text' },
  logFileBytesMax: { variables: ['METAMCP_LOG_FILE_BYTES_MAX'], flag: 'log-file-bytes-max', kind: 'number' },
  logFilesMax: { variables: ['METAMCP_LOG_FILES_MAX'], flag: 'log-files-max', kind: 'number' },
  metrics: { variables: ['METAMCP_METRICS'], flag: 'metrics', kind: 'boolean' },
  metricsPort: { variables: ['METAMCP_METRICS_PORT'], flag: 'metrics-port', kind: 'number' },
  admin: { variables: ['METAMCP_ADMIN'], flag: 'admin', kind: 'boolean' },
  adminHost: { variables: ['METAMCP_ADMIN_HOST'], flag: 'admin-host', kind: 'text' },
  adminPort: { variables: ['METAMCP_ADMIN_PORT'], flag: 'admin-port', kind: 'number' },
  production: { variables: ['METAMCP_PRODUCTION'], flag: 'production', kind: 'boolean' },
  printJson: { variables: ['METAMCP_PRINT_JSON'], flag: 'print-json', kind: 'boolean' },
  configFile: { variables: ['METAMCP_CONFIG'], flag: 'config', kind: 'text' },
  databaseUrl: { variables: ['DATABASE_URL', 'METAMCP_DATABASE_URL'], flag: 'database-url', kind: 'text' },
  databasePatienceMs: { variables: ['METAMCP_DATABASE_PATIENCE_MS'], flag: 'database-patience-ms', kind: 'number' },
  sharedStoreUrl: { variables: ['VALKEY_URL', 'REDIS_URL', 'METAMCP_SHARED_STORE_URL'], flag: 'shared-store-url', kind: 'text' },
  replicaPort: { variables: ['METAMCP_REPLICA_PORT'], flag: 'replica-port', kind: 'number' },
  replicaHost: { variables: ['METAMCP_REPLICA_HOST'], flag: 'replica-host', kind: 'text' },
  replicaName: { variables: ['METAMCP_REPLICA_NAME'], flag: 'replica-name', kind: 'text' },
  workers: { variables: ['METAMCP_WORKERS'], flag: 'workers', kind: 'number' },
  containerEngine: { variables: ['METAMCP_CONTAINER_ENGINE'], flag: 'container-engine', kind: 'text' },
  containerNetwork: { variables: ['METAMCP_CONTAINER_NETWORK'], flag: 'container-network', kind: 'text' },
  sessionsMax: { variables: ['METAMCP_SESSIONS_MAX'], flag: 'sessions-max', kind: 'number' },
  sessionIdleMs: { variables: ['METAMCP_SESSION_IDLE_MS'], flag: 'session-idle-ms', kind: 'number' },
  oauthRegistration: { variables: ['METAMCP_OAUTH_REGISTRATION'], flag: 'oauth-registration', kind: 'boolean' },
  oauthClientsMax: { variables: ['METAMCP_OAUTH_CLIENTS_MAX'], flag: 'oauth-clients-max', kind: 'number' },
  oauthRegistrationsPerHour: { variables: ['METAMCP_OAUTH_REGISTRATIONS_PER_HOUR'], flag: 'oauth-registrations-per-hour', kind: 'number' },
  oauthAssertionIssuers: { variables: ['METAMCP_OAUTH_ASSERTION_ISSUERS'], flag: 'oauth-assertion-issuer', kind: 'list' },
  formSignUp: { variables: ['METAMCP_FORM_SIGN_UP'], flag: 'form-sign-up', kind: 'boolean' },
  ssoSignUp: { variables: ['METAMCP_SSO_SIGN_UP'], flag: 'sso-sign-up', kind: 'boolean' },
  passwordSignIn: { variables: ['METAMCP_PASSWORD_SIGN_IN'], flag: 'password-sign-in', kind: 'boolean' },
  auditRetentionDays: { variables: ['METAMCP_AUDIT_RETENTION_DAYS'], flag: 'audit-retention-days', kind: 'number' },
  trafficRetentionDays: { variables: ['METAMCP_TRAFFIC_RETENTION_DAYS'], flag: 'traffic-retention-days', kind: 'number' },
  audit: { variables: ['METAMCP_AUDIT'], flag: 'audit', kind: 'text' },
  auditOnBroken: { variables: ['METAMCP_AUDIT_ON_BROKEN'], flag: 'audit-on-broken', kind: 'text' },
  auditArguments: { variables: ['METAMCP_AUDIT_ARGUMENTS'], flag: 'audit-arguments', kind: 'boolean' },
  auditResults: { variables: ['METAMCP_AUDIT_RESULTS'], flag: 'audit-results', kind: 'boolean' },
  auditPayloadBytesMax: { variables: ['METAMCP_AUDIT_PAYLOAD_BYTES_MAX'], flag: 'audit-payload-bytes-max', kind: 'number' },
  middlewareModules: { variables: ['METAMCP_MIDDLEWARE_MODULES'], flag: 'middleware-module', kind: 'list' },
  redirectSchemes: { variables: ['METAMCP_REDIRECT_SCHEMES'], flag: 'redirect-scheme', kind: 'list' },
} as const satisfies Record<SettingName, SettingSource>;

/** Variables of the command line's clients, which no setting of the gateway reads. */
const CLIENT_VARIABLES = ['METAMCP_ENDPOINT', 'METAMCP_URL', 'METAMCP_KEY', 'METAMCP_TOKEN'];
/** Read where they are needed, since they are or guard secrets: src/wiring/people-settings.ts, src/wiring/shared-instance-key.ts. */
const PEOPLE_VARIABLES = ['METAMCP_BOOTSTRAP_OPERATOR_EMAIL', 'METAMCP_BOOTSTRAP_OPERATOR_PASSWORD', 'METAMCP_BOOTSTRAP_OPERATOR_PASSWORD_FILE', 'METAMCP_INSTANCE_KEY', 'METAMCP_INSTANCE_KEY_FILE'];

type FlagValue = string | number | boolean | readonly string[];

export interface SettingInputs {
  /** By the flag's name without dashes, e.g. `public-url`; what was not given is left out or undefined. */
  readonly flags?: Readonly<Record<string, FlagValue | undefined>>;
  readonly environment?: Environment;
  readonly file?: FileSettings | undefined;
}

export interface ResolvedSettings {
  readonly settings: Settings;
  /** Where each value came from: `--port`, `METAMCP_PORT`, `file`, `default`. */
  readonly origins: Readonly<Record<SettingName, string>>;
  readonly warnings: readonly string[];
}

/** The environment of the process over what the file of `--env-file` says, as `node --env-file` does it. Throws `config.invalid`. */
export function readEnvironment(envFile?: string): Environment {
  if (envFile === undefined) return { ...process.env };
  try {
    return { ...parseEnv(readFileSync(envFile, 'utf8')), ...process.env };
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unreadable';
    throw configInvalid([{ path: '--env-file', line: undefined, column: undefined, message: `the file ${envFile} cannot be read (${code})` }]);
  }
}

/** Throws `config.invalid` with every problem; the path of each is where its value came from. */
export function resolveSettings(inputs: SettingInputs): ResolvedSettings {
  const warnings = unknownVariables(inputs.environment ?? {});
  const raw: Record<string, unknown> = {};
  const origins: Partial<Record<SettingName, string>> = {};
  for (const name of settingNames()) {
    const found = findSetting(name, inputs);
    if (name === 'logLevel' && isInvalidLogLevel(found.value)) {
      warnings.push(`${found.origin}: expected one of ${SettingsSchema.shape.logLevel.options.join(', ')}; ${SETTING_DEFAULTS.logLevel} is used`);
      Object.assign(found, { value: SETTING_DEFAULTS.logLevel, origin: 'default' });
    }
    raw[name] = found.value;
    origins[name] = found.origin;
  }
  const parsed = SettingsSchema.safeParse(raw);
  if (parsed.success) return { settings: Object.freeze(parsed.data), origins: origins as Record<SettingName, string>, warnings };
  throw configInvalid(parsed.error.issues.map((issue) => toProblem(issue, origins)));
}

/** Every effective value and where it came from, for people, in a stable order. */
export function describeSettings(resolved: ResolvedSettings): { readonly name: SettingName; readonly value: string; readonly from: string }[] {
  return settingNames().map((name) => ({ name, value: maskSecrets(valueText(resolved.settings[name])), from: resolved.origins[name] }));
}

/** The live settings that flags and variables of this start decide. */
export function fixedSettings({ settings, origins }: ResolvedSettings): FixedSettings {
  const isFixed = (name: LiveSettingName): boolean => origins[name] !== 'file' && origins[name] !== 'default';
  return new Map(LIVE_SETTING_NAMES.filter(isFixed).map((name) => [name, { value: settings[name], from: origins[name] }]));
}

/** Whoever can reach another address than loopback must not find an open endpoint there. Throws `config.invalid`. */
export function checkListening(settings: Settings, snapshot: Snapshot): void {
  if (isLocal(settings)) return;
  const open = [...snapshot.endpoints.values()].filter(({ auth }) => !auth.apiKey && !auth.oauth);
  if (open.length === 0) return;
  throw configInvalid(
    open.map(({ name }) => ({
      path: `endpoints.${name}.auth`,
      line: undefined,
      column: undefined,
      message: 'expected apiKey or oauth: an endpoint without authentication is offered on loopback only (see --host, --admin-host)',
    })),
  );
}

/** Whether every listener is for this machine alone; that of the admin API has the endpoints too. */
export function isLocal({ host, admin, adminHost = host, adminPort }: Settings): boolean {
  return isLoopback(host) && (!admin || adminPort === undefined || isLoopback(adminHost));
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function settingNames(): SettingName[] {
  return Object.keys(SETTING_SOURCES) as SettingName[];
}

interface FoundSetting {
  readonly value: unknown;
  readonly origin: string;
}

function findSetting(name: SettingName, { flags = {}, environment = {}, file = {} }: SettingInputs): FoundSetting {
  const source: SettingSource = SETTING_SOURCES[name];
  const flag = flags[source.flag];
  if (flag !== undefined) return { value: fromText(flag, source.kind), origin: `--${source.flag}` };
  for (const variable of source.variables) {
    const text = environment[variable];
    // A compose file passes unset variables on as empty ones.
    if (text !== undefined && text !== '') return { value: fromText(text, source.kind), origin: variable };
  }
  const fromFile = Object.hasOwn(file, name) ? file[name as keyof FileSettings] : undefined;
  return fromFile === undefined ? { value: SETTING_DEFAULTS[name], origin: 'default' } : { value: fromFile, origin: 'file' };
}

/** Text that does not fit stays text, for the schema to refuse. */
function fromText(value: FlagValue, kind: SettingSource['kind']): unknown {
  if (kind === 'list') return (Array.isArray(value) ? value : [value]).flatMap((part: FlagValue) => String(part).split(/[\s,]+/)).filter((part) => part !== '');
  if (typeof value !== 'string') return value;
  if (kind === 'number') return /^-?\d+$/.test(value) ? Number(value) : value;
  if (kind === 'boolean') return { true: true, '1': true, yes: true, on: true, false: false, '0': false, no: false, off: false }[value.toLowerCase()] ?? value;
  return value;
}

/** The console's level is not worth a refused start. */
function isInvalidLogLevel(value: unknown): boolean {
  return !SettingsSchema.shape.logLevel.safeParse(value).success;
}

function toProblem(issue: { readonly path: readonly PropertyKey[]; readonly message: string }, origins: Partial<Record<SettingName, string>>): ConfigProblem {
  const [name] = issue.path;
  const origin = origins[name as SettingName] ?? 'settings';
  return { path: origin === 'file' ? `settings.${String(name)}` : origin, line: undefined, column: undefined, message: issue.message.replace(/^Invalid input: /, '') };
}

function unknownVariables(environment: Environment): string[] {
  const known: string[] = [...Object.values(SETTING_SOURCES).flatMap((source) => [...source.variables]), ...CLIENT_VARIABLES, ...PEOPLE_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith('METAMCP_') && !known.includes(name))
    .map((name) => `${name} is not read; the nearest known name is ${nearestName(name, known)}`);
}

function valueText(value: Settings[SettingName]): string {
  return Array.isArray(value) ? value.join(', ') : String(value ?? '');
}

/** No setting is a secret by itself, but an address may carry one. */
function maskSecrets(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, '//…@').replace(/\bsk_mt_[A-Za-z0-9]+/g, 'sk_mt_…').replace(/([?&][^=\s]*(?:key|token|secret)[^=\s]*=)[^&\s,]+/gi, '$1…');
}
