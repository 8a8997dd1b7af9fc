/** All Chinese texts; what is missing or spelt otherwise than in English does not compile. */
import type { Catalogue } from './text-key.ts';
import account from './zh/account.json' with { type: 'json' };
import audit from './zh/audit.json' with { type: 'json' };
import configuration from './zh/configuration.json' with { type: 'json' };
import costs from './zh/costs.json' with { type: 'json' };
import endpoints from './zh/endpoints.json' with { type: 'json' };
import frame from './zh/frame.json' with { type: 'json' };
import govern from './zh/govern.json' with { type: 'json' };
import inspector from './zh/inspector.json' with { type: 'json' };
import keys from './zh/keys.json' with { type: 'json' };
import namespaces from './zh/namespaces.json' with { type: 'json' };
import orchestrator from './zh/orchestrator.json' with { type: 'json' };
import overview from './zh/overview.json' with { type: 'json' };
import playground from './zh/playground.json' with { type: 'json' };
import policies from './zh/policies.json' with { type: 'json' };
import servers from './zh/servers.json' with { type: 'json' };
import shape from './zh/shape.json' with { type: 'json' };
import signIn from './zh/sign-in.json' with { type: 'json' };
import traffic from './zh/traffic.json' with { type: 'json' };
import users from './zh/users.json' with { type: 'json' };

export const zh: Catalogue = { ...account, ...audit, ...configuration, ...costs, ...endpoints, ...frame, ...govern, ...inspector, ...keys, ...namespaces, ...orchestrator, ...overview, ...playground, ...policies, ...servers, ...shape, ...signIn, ...traffic, ...users };
