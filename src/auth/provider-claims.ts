/**
 * Claims of an identity provider → what we know of a person. The shapes differ: Keycloak nests roles in `realm_access`,
 * Auth0 puts them under names that are URLs, Entra sends ids of groups and no `email_verified`, Okta sends `groups`,
 * Google sends none.
 */
import type { Role } from '../model/role.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface ProviderPerson {
  /** Only one that the provider vouches for, in lower case. */
  readonly email: string | undefined;
  readonly name: string;
  readonly groups: readonly string[];
}

export interface RoleRules {
  /** The claim that lists groups or roles: its exact name, or a dotted path. */
  readonly groupsClaim: string;
  /** The first group of the list that a person has decides. Empty: the provider says nothing about roles. */
  readonly roleOfGroup: readonly (readonly [group: string, role: Role])[];
}

const GROUPS_MAX = 500;
const NAME_CHARS_MAX = 200;

export function toPerson(claims: Claims, rules: RoleRules): ProviderPerson {
  const email = vouchedEmail(claims);
  const name = [claims['name'], claims['preferred_username'], claims['nickname'], email, claims['sub']].find((text) => typeof text === 'string' && text.trim() !== '');
  return { email, name: clean(String(name ?? '')), groups: groupsOf(claims, rules.groupsClaim) };
}

/** Undefined where the rules name no role for any of the groups. */
export function roleOf(person: Pick<ProviderPerson, 'groups'>, { roleOfGroup }: RoleRules): Role | undefined {
  return roleOfGroup.find(([group]) => person.groups.includes(group))?.[1];
}

/** OpenID Connect Core section 5.1: only `email_verified` says that an address is a person's own. Entra says it as `xms_edov`. */
function vouchedEmail(claims: Claims): string | undefined {
  const { email } = claims;
  const isVouchedFor = [claims['email_verified'], claims['xms_edov']].some((claim) => claim === true || claim === 'true' || claim === 1 || claim === '1');
  if (typeof email !== 'string' || !isVouchedFor || email.length > 254 || !/^[^\s@]+@[^\s@]+$/.test(email)) return undefined;
  return email.toLowerCase();
}

function groupsOf(claims: Claims, path: string): string[] {
  const found = Object.hasOwn(claims, path) ? claims[path] : path.split('.').reduce<unknown>(stepInto, claims);
  const groups = typeof found === 'string' ? found.split(/[\s,]+/) : Array.isArray(found) ? found.filter((group) => typeof group === 'string') : [];
  return groups.filter((group) => group !== '').slice(0, GROUPS_MAX);
}

function stepInto(value: unknown, part: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? (value as Claims)[part] : undefined;
}

function clean(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').trim().slice(0, NAME_CHARS_MAX);
}
