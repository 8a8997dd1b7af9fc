/** An API key as the data plane knows it: never its value. */

export interface KeySpec {
  /** Stable id, safe to show and log. */
  readonly id: string;
