/** An API key as the data plane knows it: never its value. */
import type { Labels } from './policy.ts';

export interface KeySpec {
  /** Stable id, safe to show and log. */
  readonly id: string;
  readonly name: string;
  /** Names of endpoints it opens; `*` opens all. */
  readonly endpoints: readonly string[];
  /** Wall clock; undefined = never. */
  readonly expiresAtMs: number | undefined;
  readonly labels?: Labels | undefined;
}
