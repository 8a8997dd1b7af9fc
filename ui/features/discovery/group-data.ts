/** Capability groups as the configuration writes them; a form changes what it shows and keeps the rest. */

export const CHOICES = ['priority', 'health', 'cost', 'latency', 'weights', 'sticky'] as const;
export type Choice = (typeof CHOICES)[number];

export interface GroupMember {
  /** `{server}__{own name}`. */
  readonly tool: string;
  readonly priority?: number;
  readonly cost?: number;
  readonly weight?: number;
  /** The member's name of each argument, by the group's; false: not sent. */
  readonly arguments?: Readonly<Record<string, string | false>>;
  readonly idempotent?: boolean;
  readonly tags?: readonly string[];
}

export interface GroupRule {
  readonly name?: string;
  readonly agents?: readonly string[];
  readonly stages?: readonly string[];
  readonly endpoints?: readonly string[];
  /** Conditions on arguments. */
  readonly arguments?: readonly unknown[];
  readonly use?: string;
  readonly tags?: readonly string[];
}

export interface Group {
  readonly description: string;
  readonly choose: Choice;
  readonly members: readonly GroupMember[];
  readonly rules: readonly GroupRule[];
}

/** By name. */
export function groupsOf(config: Readonly<Record<string, unknown>>): ReadonlyMap<string, Group> {
  const groups = (config['groups'] ?? {}) as Readonly<Record<string, Partial<Group>>>;
  return new Map(Object.entries(groups).map(([name, written]) => [name, { ...written, description: written.description ?? '', choose: written.choose ?? 'priority', members: written.members ?? [], rules: written.rules ?? [] }]));
}

export function toList(text: string): readonly string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** `query = q, language = -`. */
export function argumentsText(names: GroupMember['arguments']): string {
  return Object.entries(names ?? {})
    .map(([name, its]) => `${name} = ${its === false ? '-' : its}`)
    .join(', ');
}

/** What is no pair of names is no argument yet. */
export function readArguments(text: string): Readonly<Record<string, string | false>> {
  const pairs = toList(text).flatMap((pair) => {
    const [name = '', its = ''] = pair.split('=').map((each) => each.trim());
    return name === '' || its === '' ? [] : [[name, its === '-' ? false : its] as const];
  });
  return Object.fromEntries(pairs);
}

/** The object without what is empty, so that the configuration says no more than it must. */
export function compact<T extends object>(written: T): Partial<T> {
  const isEmpty = (value: unknown): boolean => value === undefined || value === '' || (Array.isArray(value) && value.length === 0) || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(written).filter(([, value]) => !isEmpty(value))) as Partial<T>;
}
