import { expect, test } from 'vitest';
import { Fault } from '../base/fault.ts';
import { problemsOf } from '../model/config-problem.ts';
import { type PeopleSettings, describePeopleSettings, readPeopleSettings } from './people-settings.ts';

const FILES: Readonly<Record<string, string>> = { '/run/secrets/password': 'correct horse battery\n', '/run/secrets/smtp': 'smtps://u:p@mail.example' };

function read(environment: Record<string, string>, isProduction = false): PeopleSettings {
  const readText = (path: string): string => {
    const text = FILES[path];
    if (text === undefined) throw new Error('no such file');
    return text;
  };
  return readPeopleSettings({ environment, isProduction, readText });
}

function problems(environment: Record<string, string>, isProduction = false): string[] {
  try {
    read(environment, isProduction);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return problemsOf(thrown).map(({ path, message }) => `${path} ${message}`);
  }
}

const BOOTSTRAP = { METAMCP_BOOTSTRAP_OPERATOR_EMAIL: 'ops@acme.example' };
const OIDC = { OIDC_CLIENT_ID: 'metamcp', OIDC_DISCOVERY_URL: 'https://id.example/.well-known/openid-configuration' };

test('nothing set is nothing configured; empty variables count as unset', () => {
  expect(read({ OIDC_CLIENT_ID: '', SMTP_URL: '', METAMCP_BOOTSTRAP_OPERATOR_EMAIL: '' })).toEqual({ bootstrap: undefined, provider: undefined, roleRules: { groupsClaim: 'groups', roleOfGroup: [] }, mail: undefined, warnings: [] });
});

test('secrets are read from variables or from files that variables name', () => {
  const settings = read({ ...BOOTSTRAP, METAMCP_BOOTSTRAP_OPERATOR_PASSWORD_FILE: '/run/secrets/password', SMTP_URL_FILE: '/run/secrets/smtp', SMTP_FROM: 'mcp@acme.example' }, true);
  expect(settings.bootstrap).toEqual({ email: 'ops@acme.example', password: 'correct horse battery' });
  expect(settings.mail).toEqual({ url: 'smtps://u:p@mail.example', from: 'mcp@acme.example' });
  expect(problems({ ...BOOTSTRAP, METAMCP_BOOTSTRAP_OPERATOR_PASSWORD_FILE: '/nowhere' })[0]).toBe('METAMCP_BOOTSTRAP_OPERATOR_PASSWORD_FILE the file /nowhere cannot be read');
});

test('[KS-08] weak and placeholder secrets are refused in production and warned of elsewhere, never quoted', () => {
  const weak = ['changeme', 'password', 'admin', 'secret', '<password>', 'your-password-here', '123456789012', 'aaaaaaaaaaaaaaaa', 'password1234!', 'qwertyuiop12', 'metamcpmetamcp', 'ops@acme.example'];
  for (const password of weak) {
    const environment = { ...BOOTSTRAP, METAMCP_BOOTSTRAP_OPERATOR_PASSWORD: password };
    expect([password, problems(environment, true)]).toEqual([password, [expect.stringMatching(/^METAMCP_BOOTSTRAP_OPERATOR_PASSWORD the password must/)]]);
    expect(problems(environment, true).join()).not.toContain(`"${password}"`);
    expect(read(environment).warnings).toHaveLength(1);
  }
  expect(problems({ ...OIDC, OIDC_CLIENT_SECRET: 'changeme' }, true)).toEqual(['OIDC_CLIENT_SECRET is a placeholder']);
});

test('the identity provider has sensible defaults, and Keycloak, Entra or Okta fit by their address alone', () => {
  expect(read(OIDC).provider).toEqual({ id: 'oidc', clientId: 'metamcp', clientSecret: undefined, discoveryUrl: OIDC.OIDC_DISCOVERY_URL, issuer: undefined, scopes: 'openid email profile', usesPkce: true });
  const settings = read({ ...OIDC, OIDC_CLIENT_SECRET: 's3cr3t-enough', OIDC_PROVIDER_ID: 'keycloak', OIDC_SCOPES: 'openid,email', OIDC_PKCE: 'false', OIDC_ISSUER: 'https://id.example', OIDC_GROUPS_CLAIM: 'realm_access.roles', OIDC_ROLE_MAP: '/mcp/ops=operator, cn=staff=admin;all=member' });
  expect(settings.provider).toMatchObject({ id: 'keycloak', scopes: 'openid email', usesPkce: false, issuer: 'https://id.example' });
  expect(settings.roleRules).toEqual({ groupsClaim: 'realm_access.roles', roleOfGroup: [['/mcp/ops', 'operator'], ['cn=staff', 'admin'], ['all', 'member']] });
});

test('every problem is told at once', () => {
  expect(problems({ METAMCP_BOOTSTRAP_OPERATOR_EMAIL: 'nobody', OIDC_CLIENT_ID: 'x', OIDC_SCOPES: 'email', OIDC_PKCE: 'maybe', OIDC_ROLE_MAP: 'ops=root', SMTP_URL: 'http://mail' })).toEqual([
    'METAMCP_BOOTSTRAP_OPERATOR_EMAIL expected an e-mail address',
    'METAMCP_BOOTSTRAP_OPERATOR_PASSWORD expected a password, or a file that holds it in METAMCP_BOOTSTRAP_OPERATOR_PASSWORD_FILE',
    'OIDC_DISCOVERY_URL is missing beside OIDC_CLIENT_ID',
    'OIDC_SCOPES expected openid among them',
    'OIDC_PKCE expected true or false',
    'OIDC_ROLE_MAP expected group=role with a role of operator, admin, member, auditor',
    'SMTP_URL expected an address that begins with smtp:// or smtps://',
    'SMTP_FROM expected the address that mails come from',
  ]);
});

test('a provider over plain http is warned of, but for one beside us', () => {
  expect(read({ ...OIDC, OIDC_DISCOVERY_URL: 'http://id.example' }).warnings).toHaveLength(1);
  expect(read({ ...OIDC, OIDC_DISCOVERY_URL: 'http://127.0.0.1:8080/realms/a' }).warnings).toEqual([]);
});

test('what is set is shown with where it came from, and of a secret only that there is one', () => {
  const environment = { OIDC_CLIENT_ID: 'metamcp', OIDC_CLIENT_SECRET: 'canary', SMTP_URL: '', SMTP_URL_FILE: '/run/secrets/smtp', OIDC_ISSUER: '' };
  expect(describePeopleSettings(environment)).toEqual([
    { name: 'OIDC_CLIENT_ID', value: 'metamcp', source: 'OIDC_CLIENT_ID' },
    { name: 'OIDC_CLIENT_SECRET', value: '…', source: 'OIDC_CLIENT_SECRET' },
    { name: 'SMTP_URL', value: '…', source: 'SMTP_URL_FILE' },
  ]);
});
