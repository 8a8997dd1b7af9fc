/**
 * Settings of people's sign-in, read from the environment: they hold secrets, so they are in no file of the
 * configuration and no answer of the admin API. One list of problems for all of them.
 */
import type { IdentityProviderOptions } from '../auth/identity-provider.ts';
import { findPasswordProblem } from '../auth/password-rules.ts';
import type { RoleRules } from '../auth/provider-claims.ts';
import type { BootstrapOperator } from '../control-plane/people/first-operator.ts';
import type { MailSettings } from '../control-plane/people/mail.ts';
import { configInvalid, type ConfigProblem } from '../model/config-problem.ts';
import { ROLES, type Role } from '../model/role.ts';
import { isPlaceholder } from '../model/weak-secret.ts';

export interface PeopleSettings {
  readonly bootstrap: BootstrapOperator | undefined;
  readonly provider: IdentityProviderOptions | undefined;
  readonly roleRules: RoleRules;
  readonly mail: MailSettings | undefined;
  readonly warnings: readonly string[];
}

export interface PeopleSettingsInput {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Weak and placeholder secrets are refused, not only warned of. */
  readonly isProduction: boolean;
  /** Of a file named by a `…_FILE` variable; throws where it cannot be read. */
  readonly readText: (path: string) => string;
}

const SECRET_VARIABLES = ['METAMCP_BOOTSTRAP_OPERATOR_PASSWORD', 'OIDC_CLIENT_SECRET', 'SMTP_URL'];
const SHOWN_VARIABLES = [
  'METAMCP_BOOTSTRAP_OPERATOR_EMAIL',
  'OIDC_DISCOVERY_URL',
  'OIDC_CLIENT_ID',
  'OIDC_PROVIDER_ID',
  'OIDC_ISSUER',
  'OIDC_SCOPES',
  'OIDC_PKCE',
  'OIDC_GROUPS_CLAIM',
  'OIDC_ROLE_MAP',
  'SMTP_FROM',
];

/** Each that is set, for people; of a secret only that there is one. */
export function describePeopleSettings(environment: PeopleSettingsInput['environment']): { readonly name: string; readonly value: string; readonly source: string }[] {
  const isSet = (name: string): boolean => environment[name] !== undefined && environment[name] !== '';
  const shown = SHOWN_VARIABLES.filter(isSet).map((name) => ({ name, value: environment[name] ?? '', source: name }));
  const secrets = SECRET_VARIABLES.flatMap((name) => [`${name}_FILE`, name].filter(isSet).slice(0, 1).map((source) => ({ name, value: '…', source })));
  return [...shown, ...secrets];
}

const PROVIDER_ID = /^[A-Za-z0-9_-]{1,100}$/;

/** Throws `config.invalid` with every problem; values are never quoted. */
export function readPeopleSettings(input: PeopleSettingsInput): PeopleSettings {
  const reader = createReader(input);
  const bootstrap = readBootstrap(reader);
  const provider = readProvider(reader);
  const roleRules: RoleRules = { groupsClaim: reader.text('OIDC_GROUPS_CLAIM') ?? 'groups', roleOfGroup: readRoleMap(reader) };
  const mail = readMail(reader);
  if (reader.problems.length > 0) throw configInvalid(reader.problems);
  return { bootstrap, provider, roleRules, mail, warnings: reader.warnings };
}

interface Reader {
  readonly problems: ConfigProblem[];
  readonly warnings: string[];
  /** Undefined where it is unset or empty: a compose file passes unset variables on as empty ones. */
  text(name: string): string | undefined;
  /** The variable, or what is in the file that `…_FILE` names. */
  secret(name: string): string | undefined;
  refuse(name: string, message: string): void;
  /** A problem in production, else a warning. */
  weak(name: string, message: string): void;
}

function createReader({ environment, isProduction, readText }: PeopleSettingsInput): Reader {
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  const text = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const refuse = (name: string, message: string): void => void problems.push({ path: name, line: undefined, column: undefined, message });
  return {
    problems,
    warnings,
    text,
    refuse,
    secret(name) {
      const file = text(`${name}_FILE`);
      if (file === undefined) return text(name);
      try {
        return readText(file).replace(/\r?\n$/, '');
      } catch {
        refuse(`${name}_FILE`, `the file ${file} cannot be read`);
        return undefined;
      }
    },
    weak(name, message) {
      if (isProduction) refuse(name, message);
      else warnings.push(`${name}: ${message}`);
    },
  };
}

function readBootstrap(reader: Reader): BootstrapOperator | undefined {
  const name = 'METAMCP_BOOTSTRAP_OPERATOR_PASSWORD';
  const email = reader.text('METAMCP_BOOTSTRAP_OPERATOR_EMAIL');
  const password = reader.secret(name);
  if (email === undefined && password === undefined) return undefined;
  if (email === undefined || !/^[^\s@]+@[^\s@]+$/.test(email)) reader.refuse('METAMCP_BOOTSTRAP_OPERATOR_EMAIL', 'expected an e-mail address');
  if (password === undefined) reader.refuse(name, 'expected a password, or a file that holds it in METAMCP_BOOTSTRAP_OPERATOR_PASSWORD_FILE');
  if (email === undefined || password === undefined) return undefined;
  const problem = findPasswordProblem(password, [email, email.split('@')[0] ?? '']);
  if (problem !== undefined) reader.weak(name, `the password ${problem}`);
  return { email, password };
}

function readProvider(reader: Reader): IdentityProviderOptions | undefined {
  const clientId = reader.text('OIDC_CLIENT_ID');
  const discoveryUrl = reader.text('OIDC_DISCOVERY_URL');
  if (clientId === undefined && discoveryUrl === undefined) return undefined;
  if (clientId === undefined) reader.refuse('OIDC_CLIENT_ID', 'is missing beside OIDC_DISCOVERY_URL');
  if (discoveryUrl === undefined) reader.refuse('OIDC_DISCOVERY_URL', 'is missing beside OIDC_CLIENT_ID');
  const id = reader.text('OIDC_PROVIDER_ID') ?? 'oidc';
  if (!PROVIDER_ID.test(id)) reader.refuse('OIDC_PROVIDER_ID', 'expected letters, digits, _ and -');
  const clientSecret = reader.secret('OIDC_CLIENT_SECRET');
  if (clientSecret !== undefined && isPlaceholder(clientSecret)) reader.weak('OIDC_CLIENT_SECRET', 'is a placeholder');
  checkDiscoveryUrl(discoveryUrl, reader);
  return { id, clientId: clientId ?? '', clientSecret, discoveryUrl: discoveryUrl ?? '', issuer: reader.text('OIDC_ISSUER'), scopes: readScopes(reader), usesPkce: readPkce(reader) };
}

function readScopes(reader: Reader): string {
  const scopes = reader.text('OIDC_SCOPES')?.replaceAll(',', ' ') ?? 'openid email profile';
  if (!scopes.split(/\s+/).includes('openid')) reader.refuse('OIDC_SCOPES', 'expected openid among them');
  return scopes;
}

function readPkce(reader: Reader): boolean {
  const text = reader.text('OIDC_PKCE')?.toLowerCase() ?? 'true';
  if (!['true', 'false', '1', '0'].includes(text)) reader.refuse('OIDC_PKCE', 'expected true or false');
  return ['true', '1'].includes(text);
}

function checkDiscoveryUrl(discoveryUrl: string | undefined, reader: Reader): void {
  if (discoveryUrl === undefined) return;
  const url = URL.parse(discoveryUrl);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) reader.refuse('OIDC_DISCOVERY_URL', 'expected an absolute http or https address');
  else if (url.protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) reader.warnings.push('OIDC_DISCOVERY_URL: plain http; whoever is on the way can sign in as anyone');
}

/** `group=role, group=role`: the first that fits counts. */
function readRoleMap(reader: Reader): [string, Role][] {
  const parts = (reader.text('OIDC_ROLE_MAP') ?? '').split(/[,;\n]/).map((part) => part.trim()).filter((part) => part !== '');
  return parts.flatMap((part): [string, Role][] => {
    const at = part.lastIndexOf('=');
    const role = ROLES.find((one) => one === part.slice(at + 1).trim());
    if (at > 0 && role !== undefined) return [[part.slice(0, at).trim(), role]];
    reader.refuse('OIDC_ROLE_MAP', `expected group=role with a role of ${ROLES.join(', ')}`);
    return [];
  });
}

function readMail(reader: Reader): MailSettings | undefined {
  const url = reader.secret('SMTP_URL');
  if (url === undefined) return undefined;
  const parsed = URL.parse(url);
  if (parsed === null || !['smtp:', 'smtps:'].includes(parsed.protocol)) reader.refuse('SMTP_URL', 'expected an address that begins with smtp:// or smtps://');
  const from = reader.text('SMTP_FROM');
  if (from === undefined) reader.refuse('SMTP_FROM', 'expected the address that mails come from');
  return { url, from: from ?? '' };
}
