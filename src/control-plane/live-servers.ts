/** What the control plane needs of the live side. It declares it here; `gateway.ts` fills it in. */
import type { z } from 'zod';
import type { Endpoint } from '../contract/endpoints.ts';
import type { CallErrorSchema, ServerState } from '../contract/servers.ts';
import type { JsonObject } from '../protocol/messages.ts';

export type DirectCallOutcome =
  | { readonly result: JsonObject; readonly error?: undefined }
  | { readonly error: z.infer<typeof CallErrorSchema>; readonly result?: undefined };

export interface LiveServers {
  /** In the order of the configuration. Texts are redacted already. */
  states(): readonly ServerState[];
  /** Names that two servers of the endpoint's namespace claim. Empty for an endpoint that there is not. */
  collisions(endpoint: string): Endpoint['collisions'];
  /** Resolves once the old connections are gone and new ones are being opened. */
  restart(name: string): Promise<void>;
  /** Resolves once the lists were asked for again. */
  resync(name: string): Promise<void>;
  /** Never rejects for what a server or tool did: that is an outcome. */
  call(name: string, tool: string, args: JsonObject): Promise<DirectCallOutcome>;
}
