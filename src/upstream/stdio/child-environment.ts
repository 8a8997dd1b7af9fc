/**
 * What a started server sees of the environment: a short list of harmless names, what its configuration adds, and
 * nothing else. The gateway's own settings and secrets never reach a child, not even by request.
 */
import { Fault } from '../../base/fault.ts';
import type { ServerSpec } from '../../model/server.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const BASE = ['PATH', 'HOME', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'USER', 'LOGNAME', 'SHELL', 'TERM'];
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];
const AUTHORITIES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE'];
/** Without these two lists Windows programs do not start or find no folder of the user. */
const WINDOWS_FOLDERS = ['APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA', 'PROGRAMFILES', 'PROGRAMFILES(X86)', 'COMMONPROGRAMFILES', 'SYSTEMDRIVE', 'SYSTEMROOT', 'WINDIR'];
const WINDOWS_REST = ['COMSPEC', 'PATHEXT', 'TEMP', 'TMP', 'USERNAME', 'USERPROFILE', 'HOMEDRIVE', 'HOMEPATH', 'PROCESSOR_ARCHITECTURE', 'NUMBER_OF_PROCESSORS', 'OS'];
const LOCALE_PREFIX = 'LC_';
/** The gateway's settings, and the secrets that it reads under names of others. */
const WITHHELD = /^(?:METAMCP_.*|API_ACCESS_TOKEN|OIDC_CLIENT_SECRET)$/i;

export interface EnvironmentOptions {
  /** The gateway's own environment. */
  readonly environment: Environment;
  /** Replaces `${NAME}`; throws `config.value_missing`. */
  readonly values: (text: string) => string;
  /** As `process.platform`; on `win32` names are compared without case, as the system does. */
  readonly platform: NodeJS.Platform;
}

/**
 * The whole environment of a server's process, in rising order of precedence: the safe list, `inheritEnv`, `env`.
 * A name of `inheritEnv` that is not set stays unset; one that is the gateway's own is refused with `config.value_missing`.
 */
export function childEnvironment(spec: Pick<ServerSpec, 'name' | 'env' | 'inheritEnv'>, options: EnvironmentOptions): Record<string, string> {
  const own = spec.inheritEnv.find((name) => WITHHELD.test(name));
  if (own !== undefined) throw new Fault('config.value_missing', { server: spec.name, detail: `${own} belongs to the gateway and is never inherited; give the value under env instead` });
  const fold = (name: string): string => (options.platform === 'win32' ? name.toUpperCase() : name);
  const platformNames = options.platform === 'win32' ? [...WINDOWS_FOLDERS, ...WINDOWS_REST] : [];
  const wanted = new Set([...BASE, ...PROXIES, ...AUTHORITIES, ...platformNames, ...spec.inheritEnv].map(fold));
  const child = new Map<string, readonly [name: string, value: string]>();
  for (const [name, value] of Object.entries(options.environment)) {
    if (value !== undefined && (wanted.has(fold(name)) || name.startsWith(LOCALE_PREFIX))) child.set(fold(name), [name, value]);
  }
  for (const [name, text] of Object.entries(spec.env)) child.set(fold(name), [name, options.values(text)]);
  return Object.fromEntries(child.values());
}
