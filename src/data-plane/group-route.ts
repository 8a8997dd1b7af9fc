/**
 * The route of a call to a group: which member, and why. Pure: the same facts give the same member, so a decision can be
 * explained before it is made and made again after it was.
 */
import { hash } from 'node:crypto';
import { canonicalJson } from '../protocol/canonical.ts';
import type { JsonObject, JsonValue } from '../protocol/messages.ts';
import { compareText } from '../search/search-index.ts';
import type { GroupAsking, GroupChoice, GroupMember, GroupRule, GroupSpec } from '../model/group.ts';

/** 0 good, 1 fair, 2 bad. */
export type HealthBucket = 0 | 1 | 2;

/** What is known of a member at the moment of the call. */
export interface MemberFacts {
  /** The principal may call it with these arguments. What it may not even see is left out of explanations. */
  readonly isAllowed: boolean;
  readonly isVisible: boolean;
  /** Its schema accepts the arguments as it gets them. */
  readonly isMappable: boolean;
  /** Its server can be called. */
  readonly isReachable: boolean;
  readonly health: HealthBucket;
  /** Of the last calls, in steps that double; 0 where nothing is known. */
  readonly latencyStep: number;
}

export interface RouteFacts {
  readonly asking: GroupAsking;
  readonly principalId: string;
  readonly of: (member: GroupMember, mapped: JsonObject) => MemberFacts;
}

export interface Considered {
  readonly tool: string;
  /** Why it cannot be called; undefined where it can. */
  readonly refused: 'not_allowed' | 'arguments' | 'rule' | 'unavailable' | undefined;
  readonly health: HealthBucket;
}

export interface Candidate {
  readonly member: GroupMember;
  readonly arguments: JsonObject;
}

export interface Route {
  readonly group: string;
  /** The rule that counted, of the group that was called. */
  readonly rule: string | undefined;
  /** In one word: what made the first of `order` the first. Undefined where there is none. */
  readonly reason: string | undefined;
  /** In the order in which they would be tried. */
  readonly order: readonly Candidate[];
  /** Only members that the principal may see. */
  readonly considered: readonly Considered[];
}

/** `groups`: of the namespace, for rules that lead to another one. */
export function routeGroup(group: GroupSpec, groups: ReadonlyMap<string, GroupSpec>, facts: RouteFacts): Route {
  const rule = group.rules.find(({ holds }) => holds(facts.asking));
  const other = rule?.use === undefined || group.members.some(({ tool }) => tool === rule.use) ? undefined : groups.get(rule.use);
  if (other !== undefined) {
    const route = routeGroup(other, groups, facts);
    return { ...route, group: group.name, rule: rule?.id, reason: route.reason && `rule ${rule?.id}: ${other.name}, ${route.reason}` };
  }
  const weighed = group.members.map((member) => weigh(member, rule, facts));
  const able = weighed.filter(({ refused }) => refused === undefined);
  const order = inOrder(able, group, facts);
  return {
    group: group.name,
    rule: rule?.id,
    reason: order.length === 0 ? undefined : reasonOf(order, group.choice, rule),
    order: order.map(({ member, mapped }) => ({ member, arguments: mapped })),
    considered: weighed.filter(({ known }) => known.isVisible).map(({ member, refused, known }) => ({ tool: member.tool, refused, health: known.health })),
  };
}

interface Weighed {
  readonly member: GroupMember;
  readonly mapped: JsonObject;
  readonly known: MemberFacts;
  readonly refused: Considered['refused'];
}

function weigh(member: GroupMember, rule: GroupRule | undefined, { asking, of }: RouteFacts): Weighed {
  const mapped = mappedArguments(member, asking.arguments);
  const known = of(member, mapped);
  return { member, mapped, known, refused: refusalOf(member, rule, known) };
}

function refusalOf(member: GroupMember, rule: GroupRule | undefined, known: MemberFacts): Considered['refused'] {
  if (!known.isAllowed) return 'not_allowed';
  if (rule?.use !== undefined && rule.use !== member.tool) return 'rule';
  if (rule?.tags.some((tag) => !member.tags.includes(tag)) === true) return 'rule';
  if (!known.isMappable) return 'arguments';
  return known.isReachable ? undefined : 'unavailable';
}

export function mappedArguments({ argumentNames, fixedArguments }: GroupMember, given: JsonObject): JsonObject {
  const mapped: Record<string, JsonValue | undefined> = {};
  for (const [name, value] of Object.entries(given)) {
    const own = Object.hasOwn(argumentNames, name) ? argumentNames[name] : name;
    if (typeof own === 'string') mapped[own] = value;
  }
  return { ...mapped, ...fixedArguments };
}

type Rank = (weighed: Weighed) => number;

const byPriority: Rank = ({ member }) => member.priority;
const byHealth: Rank = ({ known }) => known.health;
const byCost: Rank = ({ member }) => member.cost;
const byLatency: Rank = ({ known }) => known.latencyStep;
const RANKS: Readonly<Record<GroupChoice, readonly (readonly [string, Rank])[]>> = {
  priority: [['priority', byPriority], ['health', byHealth], ['cost', byCost]],
  health: [['health', byHealth], ['priority', byPriority], ['cost', byCost]],
  cost: [['cost', byCost], ['health', byHealth], ['priority', byPriority]],
  latency: [['health', byHealth], ['latency', byLatency], ['priority', byPriority], ['cost', byCost]],
  weights: [['health', byHealth]],
  sticky: [['health', byHealth]],
};

function inOrder(able: readonly Weighed[], group: GroupSpec, facts: RouteFacts): readonly Weighed[] {
  const seed = seedOf(group, facts);
  const lots = new Map(able.map(({ member }) => [member, lotOf(member, seed)]));
  const isLot = group.choice === 'weights' || group.choice === 'sticky';
  return able.toSorted((left, right) => {
    for (const [, rank] of RANKS[group.choice]) if (rank(left) !== rank(right)) return rank(left) - rank(right);
    const byLot = isLot ? (lots.get(right.member) ?? 0) - (lots.get(left.member) ?? 0) : 0;
    return byLot || compareText(left.member.tool, right.member.tool);
  });
}

/** Weights: the same call draws the same member. Sticky: the same caller does, whatever it calls with. */
function seedOf({ name, choice }: GroupSpec, { principalId, asking }: RouteFacts): string {
  if (choice === 'sticky') return `${name}\n${principalId}`;
  return choice === 'weights' ? `${name}\n${principalId}\n${canonicalJson(asking.arguments)}` : '';
}

/** Rendezvous hashing with weights: when one member goes, only its own calls move. */
function lotOf({ tool, weight }: GroupMember, seed: string): number {
  const bits = Number.parseInt(hash('sha256', `${seed}\n${tool}`).slice(0, 12), 16);
  const uniform = (bits + 1) / (2 ** 48 + 1);
  return weight <= 0 ? Number.NEGATIVE_INFINITY : -weight / Math.log(uniform);
}

function reasonOf([first, second]: readonly Weighed[], choice: GroupChoice, rule: GroupRule | undefined): string {
  const prefix = rule === undefined ? '' : `rule ${rule.id}: `;
  if (first === undefined || second === undefined) return `${prefix}only`;
  const [word] = RANKS[choice].find(([, rank]) => rank(first) !== rank(second)) ?? [choice === 'weights' || choice === 'sticky' ? choice : 'name'];
  return prefix + word;
}
