/** What the control plane needs of the live side. It declares it here; `gateway.ts` fills it in. */
import type { z } from 'zod';
import type { Endpoint } from '../contract/endpoints.ts';
import type { CallErrorSchema, ServerState } from '../contract/servers.ts';
import type { JsonObject } from '../protocol/messages.ts';

export type DirectCallOutcome =
  | { readonly result: JsonObject; readonly error?: undefined }
  | { readonly error: z.infer<typeof CallErrorSchema>; readonly result?: undefined };

/** What a server offers. */
export interface LiveLists {
  readonly isStale: boolean;
  readonly tools: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
  readonly resources: readonly JsonObject[];
  readonly resourceTemplates: readonly JsonObject[];
}

/** One thing that clients of a namespace see. */
export interface LiveEntry {
  readonly kind: 'tool' | 'prompt' | 'resource' | 'resourceTemplate';
  readonly exposed: string;
  /** The server's name in the namespace. */
  readonly as: string;
  /** Its own name or URI there. */
  readonly own: string;
  readonly definition: JsonObject;
}

export interface LiveServers {
  /** Undefined for a server that told nothing yet. */
  lists(server: string): LiveLists | undefined;
  /** What clients of a namespace see, policies aside. Undefined for one that there is not. */
  catalog(namespace: string): { readonly entries: readonly LiveEntry[]; readonly collisions: Endpoint['collisions'] } | undefined;
  /** In the order of the configuration. Texts are redacted already. */
  states(): readonly ServerState[];
  /** Names that two servers of the endpoint's namespace claim. Empty for an endpoint that there is not. */
  collisions(endpoint: string): Endpoint['collisions'];
  /** Resolves once the old connections are gone and new ones are being opened. */
  restart(name: string): Promise<void>;
  /** Takes it out for so long, then it starts again by itself. Resolves once it is out. */
  takeOut?(name: string, forMs: number): Promise<void>;
  /** Resolves once the lists were asked for again. */
  resync(name: string): Promise<void>;
  /** Never rejects for what a server or tool did: that is an outcome. */
  call(name: string, tool: string, args: JsonObject): Promise<DirectCallOutcome>;
}
