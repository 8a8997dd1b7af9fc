/** Integrity of definitions: what a namespace demands of them, and what was approved of each. */

export const INTEGRITY_MODES = ['off', 'flag', 'quarantine'] as const;
export type IntegrityMode = (typeof INTEGRITY_MODES)[number];

/** Primitives whose definitions are pinned. Resources are not: what is listed of them is data, and changes as data does. */
export const DEFINITION_KINDS = ['tool', 'prompt', 'resourceTemplate'] as const;
export type DefinitionKind = (typeof DEFINITION_KINDS)[number];

/** What a definition goes by at its server: a template by its URI template. */
export function definitionName(kind: DefinitionKind, definition: Readonly<Record<string, unknown>>): string {
  return String(definition[kind === 'resourceTemplate' ? 'uriTemplate' : 'name']);
}

/** One definition of a server by its own name. */
export interface DefinitionKey {
  /** The configured name. */
  readonly server: string;
  readonly kind: DefinitionKind;
  readonly name: string;
}

/** What was decided about a definition: hashes as `definitionHash` makes them. */
export interface Pin extends DefinitionKey {
  readonly namespace: string;
  /** Approved; undefined where nothing was. */
  readonly hash: string | undefined;
  /** Refused by a person: never shown, whatever the mode. */
  readonly rejectedHash: string | undefined;
}

/** Of one namespace, for the data plane. */
export interface NamespaceIntegrity {
  readonly mode: IntegrityMode;
  /** By `definitionKey`. */
  readonly pins: ReadonlyMap<string, Pin>;
  /** Servers of which something was approved: what they offer beside it is new. */
  readonly knownServers: ReadonlySet<string>;
}

/** Names of servers hold no blank, so the key leads back to one definition only. */
export function definitionKey({ server, kind, name }: DefinitionKey): string {
  return `${server} ${kind} ${name}`;
}
