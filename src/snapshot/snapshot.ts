/**
 * The snapshot: all that the data plane knows, compiled whole from one configuration and never changed.
 * A new configuration is a new snapshot with a higher generation; an exchange keeps the one it began with.
 */
import type { EndpointSpec } from '../model/endpoint.ts';
import type { KeySpec } from '../model/key.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import type { PriceSpec } from '../model/price.ts';
import type { ServerSpec } from '../model/server.ts';

export interface Snapshot {
  readonly generation: number;
  readonly servers: ReadonlyMap<string, ServerSpec>;
  readonly namespaces: ReadonlyMap<string, NamespaceSpec>;
  readonly endpoints: ReadonlyMap<string, EndpointSpec>;
  /** Found by the keyed digest of the key (auth/keys.ts), hex. */
  readonly keys: ReadonlyMap<string, KeySpec>;
  /** Most exact first. */
  readonly prices: readonly PriceSpec[];
  /** Things a person should know that did not stop the configuration: mapped names, unused keys. */
  readonly warnings: readonly string[];
}
