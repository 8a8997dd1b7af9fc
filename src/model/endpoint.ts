/** An endpoint: a public MCP address that offers one namespace, and how to authenticate there. */
import type { NamespaceSpec } from './namespace.ts';

/** So many per window, as a bucket of `max` that refills evenly. */
export interface LimitSpec {
  readonly scope: 'endpoint' | 'client';
  readonly by: 'key' | 'user' | 'ip' | 'header';
  /** Lower case; only where `by` is `header`. */
  readonly header: string | undefined;
  readonly max: number;
  readonly seconds: number;
}

export interface EndpointSpec {
  readonly name: string;
  readonly namespace: NamespaceSpec;
  /** All false: open to everyone who reaches the port. */
  readonly auth: {
    readonly apiKey: boolean;
    readonly oauth: boolean;
    /** `?api_key=` is accepted too. */
    readonly query: boolean;
  };
  readonly limits: readonly LimitSpec[];
}
