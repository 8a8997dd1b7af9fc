import type { Server, ServerState } from '../../contract/servers.ts';
import { type ServerConfig, serverTypeOf } from '../../model/server-config.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { normalized } from '../configuration/plan.ts';
import { referencesOf } from '../configuration/visibility.ts';
import type { ShowContext } from '../objects/bind-objects.ts';
import { showObject, usersOf } from '../objects/show-object.ts';

/** A server as it is configured and as it is now. One that is disabled, or was made this moment, has not started. */
export function showServer(object: ConfigObject, { objects, services }: ShowContext): Server {
  const config = normalized('servers', object.body) as unknown as ServerConfig;
  const shown = showObject(object);
  const users = usersOf(objects, object).filter((user) => user.owner === undefined || user.owner === object.owner);
  const state = services.live.states().find((one) => one.name === object.name) ?? notStarted(object, config, shown.updatedAt);
  return {
    ...state,
    ...shown,
    description: config.description,
    tags: config.tags,
    capabilities: config.capabilities,
    costNote: config.costNote,
    usedBy: users.map(({ name }) => name),
    policies: [...new Set(users.flatMap((user) => referencesOf(user).flatMap(({ kind, name }) => (kind === 'policies' ? [name] : []))))],
    proxy: config.proxy === undefined ? null : (URL.parse(config.proxy)?.host ?? ''),
  };
}

function notStarted(object: ConfigObject, config: ServerConfig, since: string): ServerState {
  return {
    name: object.name,
    type: serverTypeOf(config) ?? 'stdio',
    status: config.enabled === false || config.disabled === true ? 'stopped' : 'connecting',
    since,
    pid: null,
    family: null,
    revision: null,
    isolation: { effective: 'shared', reason: 'not started' },
    connections: 0,
    restarts: 0,
    lastError: null,
    stderrTail: '',
    warnings: [],
    tools: null,
    prompts: null,
    resources: null,
    handshakeMs: null,
  };
}
