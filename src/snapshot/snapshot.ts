/**
 * The snapshot: all that the data plane knows, compiled whole from one configuration and never changed.
 * A new configuration is a new snapshot with a higher generation; an exchange keeps the one it began with.
 */
import type { EndpointSpec } from '../model/endpoint.ts';
import type { KeySpec } from '../model/key.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import type { ServerSpec } from '../model/server.ts';

  readonly type: ServerType;
  /** Digest of everything a connection depends on; another one means the connections must be replaced. */
  readonly fingerprint: string;
  /** stdio: an absolute path where the command could be found, else as written. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** Further names of the gateway's environment that a stdio server inherits. */
  readonly inheritEnv: readonly string[];
  /** http, sse. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly revision: ServerRevision;
  readonly isolation: Isolation;
  /** stdio: connections kept initialised in reserve. */
  readonly idleConnections: number;
  /** Time for a start with handshake, milliseconds. */
  readonly startTimeoutMs: number;
  /** Time for one call in all, also while progress comes, milliseconds. */
  readonly callTimeoutMs: number;
  /** A connection of one principal or session is closed after so long without use, milliseconds. */
  readonly idleTimeoutMs: number;
  /** Answers above this are refused, bytes. */
  readonly resultBytesMax: number;
  /** Readiness of the gateway waits for it. */
  readonly isRequired: boolean;
  readonly description: string;
}

  readonly as: string;
}

  readonly name: string | undefined;
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly annotations: Annotations | undefined;
  readonly meta: JsonObject | undefined;
  /** Used where the client leaves the argument out. */
  readonly argumentDefaults: Readonly<Record<string, JsonValue>>;
  /** Always sent, whatever the client says; hidden from the schema. */
  readonly fixedArguments: Readonly<Record<string, JsonValue>>;
  /** Taken out of the schema and refused from the client. */
  readonly hiddenArguments: readonly string[];
}

  readonly description: string;
  /** In the order that decides collisions. */
  readonly members: readonly Member[];
  readonly prefix: 'server' | 'none';
  readonly separator: string;
  /** By `{as}__{own name}` for tools and prompts, `{as}__{uri}` for resources and templates. */
  readonly overrides: Readonly<Record<PrimitiveKind, ReadonlyMap<string, Override>>>;
}

  readonly by: 'key' | 'user' | 'ip' | 'header';
  /** Lower case; only where `by` is `header`. */
  readonly header: string | undefined;
  readonly max: number;
  readonly seconds: number;
}

  readonly namespace: NamespaceSpec;
  readonly auth: {
    /** All false: open to everyone who reaches the port. */
    readonly apiKey: boolean;
    readonly oauth: boolean;
    /** `?api_key=` is accepted too. */
    readonly query: boolean;
  };
  readonly limits: readonly LimitSpec[];
}

  readonly name: string;
  /** Names of endpoints it opens; `*` opens all. */
  readonly endpoints: readonly string[];
  /** Wall clock; undefined = never. */
  readonly expiresAtMs: number | undefined;
}

export interface Snapshot {
  readonly generation: number;
  readonly servers: ReadonlyMap<string, ServerSpec>;
  readonly namespaces: ReadonlyMap<string, NamespaceSpec>;
  readonly endpoints: ReadonlyMap<string, EndpointSpec>;
  /** By keyed digest of the key (auth/keys.ts), hex. */
  readonly keys: ReadonlyMap<string, KeySpec>;
  /** Things a person should know that did not stop the configuration: mapped names, unused keys. */
  readonly warnings: readonly string[];
}
