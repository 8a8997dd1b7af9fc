/** What a compilation is given, and what its parts tell while it runs. */
import type { ConfigFinding, Locate } from '../model/config-problem.ts';
import type { Pin } from '../model/definition.ts';
import type { KeySpec } from '../model/key.ts';
import type { Template } from '../model/template.ts';
import type { Environment } from './values.ts';

/** The absolute path of a program, looked up in `path` where the server sets its own; undefined where there is none. */
export type FindCommand = (command: string, where: { readonly cwd: string | undefined; readonly path: string | undefined }) => string | undefined;

/** A key whose value is nowhere but with its holder. Where the document names it too, the document says what it opens. */
export interface StoredKey extends KeySpec {
  /** By `keyDigest` and `renewKeyDigest`. */
  readonly digest: string;
  /** The value before it was rotated, which still opens until then. */
  readonly former?: { readonly digest: string; readonly untilMs: number } | undefined;
}

export interface CompileOptions {
  readonly generation: number;
  /** A stable digest of a text, hex; for fingerprints. */
  readonly digest: (text: string) => string;
  /** Keyed digest of an API key, by which the snapshot finds it. */
  readonly keyDigest: (value: string) => string;
  /** From there to what is stored; undefined: the same. */
  readonly renewKeyDigest?: (digest: string) => string;
  readonly findCommand: FindCommand;
  /** Keys whose value is only stored: those of `generate: true`, the starter key, those made in the UI. */
  readonly extraKeys?: readonly StoredKey[];
  /** Undefined for a template that is not there. */
  readonly findTemplate?: (name: string) => Template | undefined;
  /** What `${NAME}` in the value of a key may refer to. */
  readonly environment?: Environment;
  /** Weak and placeholder secrets are refused instead of warned of. */
  readonly isProduction?: boolean;
  readonly locate?: Locate | undefined;
  /** Id of the principal a server is private to; undefined for those of operators. */
  readonly ownerOf?: (server: string) => string | undefined;
  /** Id of the user an endpoint is private to; undefined for public ones. */
  readonly endpointOwnerOf?: (endpoint: string) => string | undefined;
  /** What was approved of definitions, in all namespaces. */
  readonly pins?: readonly Pin[];
  /** What a key of the document opens that names no endpoints; undefined: all. */
  readonly publicEndpoints?: readonly string[] | undefined;
  /** Warnings of reading the document, kept in the snapshot. */
  readonly warnings?: readonly string[];
}

/** What the parts of a compilation tell: problems refuse the whole, warnings go into the snapshot. */
export interface Findings {
  readonly problems: ConfigFinding[];
  readonly warnings: string[];
}

export interface CompileContext {
  readonly options: CompileOptions;
  readonly findings: Findings;
}
