/** The pages about identity providers: their settings are read, their addresses and issuers accepted, and their claims give the role they say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createIdentityProvider } from '../src/auth/identity-provider.ts';
import { type Claims, roleOf, toPerson } from '../src/auth/provider-claims.ts';
import { systemRandom } from '../src/base/ids.ts';
import { readPeopleSettings } from '../src/wiring/people-settings.ts';
import { blocksOf } from './support/document-blocks.ts';
import { MovableClock } from './support/movable-clock.ts';

const FOLDER = join(import.meta.dirname, '../docs/guides/identity');
const PAGES = readdirSync(FOLDER);
const REDIRECT = 'https://mcp.example/api/auth/oauth2/callback/oidc';

/** `NAME=value` lines as a shell or systemd reads them. */
function readVariables(text: string): Record<string, string> {
  return Object.fromEntries(text.trimEnd().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replace(/^"(.*)"$/, '$1')]));
}

function partsOf(page: string) {
  const [[env], [claims]] = [blocksOf(`docs/guides/identity/${page}`, 'sh env'), blocksOf(`docs/guides/identity/${page}`, 'json claims')];
  if (env === undefined || claims === undefined) throw new Error(`${page} has no settings or no claims`);
  const settings = readPeopleSettings({ environment: readVariables(env.text), isProduction: true, readText: () => 'kq83nfp2vhd0-kq83nfp2vhd1\n' });
  return { settings, claims: JSON.parse(claims.text) as Claims & { readonly iss: string }, role: claims.rest };
}

describe.each(PAGES)('%s', (page) => {
  test('its settings are read in production, without a problem or a warning', () => {
    const { settings } = partsOf(page);
    expect(settings.provider).toMatchObject({ id: 'oidc', clientSecret: 'kq83nfp2vhd0-kq83nfp2vhd1', usesPkce: true });
    expect(settings.warnings).toEqual([]);
  });

  test('its claims are a person with the role that it says', () => {
    const { settings, claims, role } = partsOf(page);
    const person = toPerson(claims, settings.roleRules);
    expect([person.name === '', roleOf(person, settings.roleRules) ?? 'member']).toEqual([false, role]);
  });

  test('a provider with that issuer behind that discovery address is accepted, another one is not', async () => {
    const { settings, claims } = partsOf(page);
    if (settings.provider === undefined) throw new Error('no provider');
    const begin = (issuer: string, options = settings.provider) => {
      if (options === undefined) throw new Error('no provider');
      const asked: string[] = [];
      const metadata = { issuer, authorization_endpoint: 'https://idp.example/authorize', token_endpoint: 'https://idp.example/token', jwks_uri: 'https://idp.example/keys', response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'] };
      const provider = createIdentityProvider(options, {
        clock: new MovableClock(),
        random: systemRandom,
        fetch: async (url) => {
          asked.push(url);
          return Response.json(metadata);
        },
      });
      return provider.begin({ redirectUri: REDIRECT, asksAgain: false }).then(({ url }) => ({ url: new URL(url), asked }));
    };
    const { url, asked } = await begin(claims.iss);
    expect(asked).toEqual([settings.provider.discoveryUrl]);
    expect(url.searchParams.get('redirect_uri')).toBe(REDIRECT);
    expect(url.searchParams.get('scope')).toBe(settings.provider.scopes);
    await expect(begin('https://another.example')).rejects.toMatchObject({ code: 'upstream.unavailable' });
  });

  test('it has the redirect address to register, and the same sections as the others', () => {
    const text = readFileSync(join(FOLDER, page), 'utf8');
    // GitHub is told of Dex, and Dex of us.
    if (page !== 'github.md') expect(text).toContain(REDIRECT);
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title)).toEqual(['There', 'Here', 'Good to know']);
    expect(text).toContain('(../identity-providers.md)');
  });
});

test('the list has every provider that has a page, and names every variable', () => {
  const index = readFileSync(join(FOLDER, '../identity-providers.md'), 'utf8');
  for (const page of PAGES) expect(index).toContain(`(identity/${page})`);
  const source = readFileSync(join(FOLDER, '../../../src/wiring/people-settings.ts'), 'utf8');
  for (const name of new Set(source.match(/\bOIDC_[A-Z_]+\b/g))) expect(index).toContain(`\`${name}\``);
});
