/** Every operation of the admin API: the table of contents. What is not in it has no address. */
import { getConfig } from './config/get-config.ts';
import { listEndpoints } from './endpoints/list-endpoints.ts';
import { getHealth } from './health/get-health.ts';
import { getReady } from './health/get-ready.ts';
import { createKey } from './keys/create-key.ts';
import { listKeys } from './keys/list-keys.ts';
import { revokeKey } from './keys/revoke-key.ts';
import type { Bound } from './operation.ts';
import { callServer } from './servers/call-server.ts';
import { listServers } from './servers/list-servers.ts';
import { restartServer } from './servers/restart-server.ts';
import { resyncServer } from './servers/resync-server.ts';

export const OPERATIONS: readonly Bound[] = [
  getHealth,
  getReady,
  listServers,
  restartServer,
  resyncServer,
  callServer,
  listEndpoints,
  listKeys,
  createKey,
  revokeKey,
  getConfig,
];
