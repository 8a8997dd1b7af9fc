/** Capability groups: tools of several servers that do the same, callable under one name. */
import type { JsonObject, JsonValue } from '../protocol/messages.ts';

export const GROUP_CHOICES = ['priority', 'health', 'cost', 'latency', 'weights', 'sticky'] as const;
/** What decides first among the members that could be called; ties go by priority, health, cost and name. */
export type GroupChoice = (typeof GROUP_CHOICES)[number];

export interface GroupMember {
  /** `{as}__{own name}`, whatever the exposed name. */
  readonly tool: string;
  /** Lower is chosen first. */
  readonly priority: number;
  readonly cost: number;
  readonly weight: number;
  readonly tags: readonly string[];
  /** Its name of an argument, by the group's; `false`: not sent. Others keep their name. */
  readonly argumentNames: Readonly<Record<string, string | false>>;
  readonly fixedArguments: Readonly<Record<string, JsonValue>>;
  /** A second call does no harm. */
  readonly isIdempotent: boolean;
}

/** What a rule is asked about. */
export interface GroupAsking {
  readonly agent: string | undefined;
  readonly stage: string | undefined;
  readonly endpoint: string;
  readonly arguments: JsonObject;
}

export interface GroupRule {
  /** `{group}#{index}` or the rule's own name. */
  readonly id: string;
  readonly holds: (asking: GroupAsking) => boolean;
  /** A member, or another group that is asked instead. */
  readonly use: string | undefined;
  /** Members must have all of them. */
  readonly tags: readonly string[];
  readonly reason: string | undefined;
}

export interface GroupSpec {
  readonly name: string;
  readonly description: string;
  /** Undefined: that of the first member that is there. */
  readonly inputSchema: JsonObject | undefined;
  readonly members: readonly GroupMember[];
  readonly choice: GroupChoice;
  /** The first that holds counts. */
  readonly rules: readonly GroupRule[];
}
