/** A namespace: a named set of servers, and what of each is exposed under which names. */
import type { JsonObject, JsonValue } from '../protocol/messages.ts';
import type { NamespaceIntegrity } from './definition.ts';
import type { GroupSpec } from './group.ts';
import type { Step } from './middleware.ts';
import type { CompiledPolicy } from './policy.ts';
import type { PolicyEngineSpec } from './policy-engine.ts';
import type { PrimitiveKind } from './primitive.ts';

/** One server in a namespace, under the name that clients see. */
export interface Member {
  readonly server: string;
  readonly as: string;
}

export type { PrimitiveKind };

/** What a namespace changes about one primitive of one server. It never changes which upstream primitive is meant. */
export interface Override {
  readonly isEnabled: boolean;
  readonly name: string | undefined;
  readonly title: string | undefined;
  readonly description: string | undefined;
  /** Merged over the server's. */
  readonly annotations: JsonObject | undefined;
  readonly meta: JsonObject | undefined;
  /** Used where the client leaves the argument out. */
  readonly argumentDefaults: Readonly<Record<string, JsonValue>>;
  /** Always sent, whatever the client says; hidden from the schema. */
  readonly fixedArguments: Readonly<Record<string, JsonValue>>;
  /** Taken out of the schema and refused from the client. */
  readonly hiddenArguments: readonly string[];
  /** Further words and names to find it by. */
  readonly keywords?: readonly string[];
  readonly tags?: readonly string[];
}

export interface NamespaceSpec {
  readonly name: string;
  readonly description: string;
  /** In the order that decides collisions. */
  readonly members: readonly Member[];
  readonly prefix: 'server' | 'none';
  readonly separator: string;
  /** By `{as}__{own name}` for tools and prompts, `{as}__{uri}` for resources and templates, whatever the exposed name. */
  readonly overrides: Readonly<Record<PrimitiveKind, ReadonlyMap<string, Override>>>;
  /** Outermost first. */
  readonly middleware?: readonly Step[] | undefined;
  readonly groups?: ReadonlyMap<string, GroupSpec> | undefined;
  /** Undefined where everybody who passed the endpoint's authentication may do everything. */
  readonly policy?: CompiledPolicy | undefined;
  /** Undefined: definitions are shown as they come. */
  readonly integrity?: NamespaceIntegrity | undefined;
  /** Asked beside the policies; the stricter answer holds. */
  readonly engine?: PolicyEngineSpec | undefined;
}
