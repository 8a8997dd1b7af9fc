/**
 * Definitions before they are shown: each is held against what was approved of it. The same judgement makes catalogs
 * (what is quarantined is not in them) and tells people what waits for them.
 */
import { type DefinitionKey, type DefinitionKind, definitionKey, definitionName } from '../model/definition.ts';
import type { Member, NamespaceSpec } from '../model/namespace.ts';
import { factsOf, judgeDefinition, type Verdict } from '../policy/definitions/judge.ts';
import { findLookalikes } from '../policy/definitions/lookalikes.ts';
import type { JsonObject } from '../protocol/messages.ts';
import { exposedName, SEPARATOR } from '../protocol/names.ts';
import type { Upstreams } from '../upstream/upstreams.ts';

/** Undefined where the namespace checks nothing. */
export type Inspect = (namespace: NamespaceSpec, found: FoundDefinition) => Verdict | undefined;

export interface FoundDefinition {
  readonly member: Member;
  readonly kind: DefinitionKind;
  /** As the server gave it. */
  readonly definition: JsonObject;
}

export interface InspectedDefinition extends DefinitionKey {
  /** The server's name in the namespace. */
  readonly as: string;
  readonly definition: JsonObject;
  readonly instructions: string | undefined;
  readonly verdict: Verdict;
}

/** What an inspection asks the upstreams. */
type Told = Pick<Upstreams, 'lists' | 'profile'>;

export function createInspect(upstreams: Told): Inspect {
  return (namespace, { member, kind, definition }) => {
    const { integrity } = namespace;
    if (integrity === undefined || integrity.mode === 'off') return undefined;
    const name = definitionName(kind, definition);
    return judgeDefinition({
      mode: integrity.mode,
      pin: integrity.pins.get(definitionKey({ server: member.server, kind, name })),
      facts: factsOf(definition, upstreams.profile(member.server)?.instructions),
      shadowed: namespace.prefix === 'none' && kind === 'tool' ? shadowedBy(namespace, member, name) : undefined,
      isServerKnown: integrity.knownServers.has(member.server),
    });
  };
}

/** Without prefixes a tool could take the place of another server's: of one that was approved it may not. */
function shadowedBy({ members, integrity }: NamespaceSpec, { server }: Member, name: string): string | undefined {
  const isApproved = (other: Member): boolean => other.server !== server && integrity?.pins.get(definitionKey({ server: other.server, kind: 'tool', name }))?.hash !== undefined;
  return members.find(isApproved)?.as;
}

/** All tools, prompts and resource templates of the namespace as they are now, with names that could be taken for each other. */
export function inspectAll(namespace: NamespaceSpec, upstreams: Told): readonly InspectedDefinition[] {
  const inspect = createInspect(upstreams);
  const found = namespace.members.flatMap((member) => {
    const lists = upstreams.lists(member.server);
    if (lists === undefined) return [];
    const of = (kind: DefinitionKind, definitions: readonly JsonObject[]): InspectedDefinition[] =>
      definitions.flatMap((definition) => {
        const verdict = inspect(namespace, { member, kind, definition });
        const { server, as } = member;
        return verdict === undefined ? [] : [{ server, as, kind, name: definitionName(kind, definition), definition, instructions: upstreams.profile(server)?.instructions, verdict }];
      });
    return [...of('tool', lists.tools), ...of('prompt', lists.prompts), ...of('resourceTemplate', lists.resourceTemplates)];
  });
  return withLookalikes(found, namespace);
}

const ALIKE = { same: 'has the name of', look: 'looks like', letter: 'is one letter from' } as const;

/** With prefixes an equal name is no accident waiting to happen, and the same tool under two names is one tool. */
function withLookalikes(found: readonly InspectedDefinition[], { prefix }: NamespaceSpec): readonly InspectedDefinition[] {
  const tools = found.filter(({ kind }) => kind === 'tool');
  const reasons = new Map<string, string[]>();
  for (const { first, second, kind } of findLookalikes(tools.map(({ as, name }) => ({ server: as, name })))) {
    if (kind === 'same' && prefix !== 'none') continue;
    const key = exposedName(second.server, second.name, SEPARATOR);
    reasons.set(key, [...(reasons.get(key) ?? []), `${ALIKE[kind]} ${first.server}/${first.name}`]);
  }
  return found.map((definition) => {
    const more = definition.kind === 'tool' ? reasons.get(exposedName(definition.as, definition.name, SEPARATOR)) : undefined;
    if (more === undefined) return definition;
    const { verdict } = definition;
    return { ...definition, verdict: { ...verdict, isFlagged: verdict.state !== 'pinned', reasons: [...verdict.reasons, ...more] } };
  });
}
