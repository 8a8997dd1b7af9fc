/** An API key as the data plane knows it: never its value. */
import type { Labels } from './policy.ts';

export interface KeySpec {
  /** Stable id, safe to show and log. */
  readonly id: string;
  readonly name: string;
  /** Names of endpoints it opens; `*` opens all. */
  readonly endpoints: readonly string[];
  /** Of those endpoints only what offers one of these namespaces; undefined: any. */
  readonly namespaces?: readonly string[] | undefined;
  /** Globs of `{server}__{own name}`; undefined: all tools and whatever else there is. */
  readonly tools?: readonly string[] | undefined;
  /** Wall clock; undefined = never. */
  readonly expiresAtMs: number | undefined;
  /** Id of the user it is private to; undefined: public. */
  readonly owner?: string | undefined;
  readonly labels?: Labels | undefined;
}
