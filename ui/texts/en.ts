/** All English texts. A new feature adds a file to `en/` and `zh/` and a line here and there. */
import account from './en/account.json' with { type: 'json' };
import audit from './en/audit.json' with { type: 'json' };
import configuration from './en/configuration.json' with { type: 'json' };
import costs from './en/costs.json' with { type: 'json' };
import endpoints from './en/endpoints.json' with { type: 'json' };
import frame from './en/frame.json' with { type: 'json' };
import govern from './en/govern.json' with { type: 'json' };
import inspector from './en/inspector.json' with { type: 'json' };
import keys from './en/keys.json' with { type: 'json' };
import namespaces from './en/namespaces.json' with { type: 'json' };
import orchestrator from './en/orchestrator.json' with { type: 'json' };
import overview from './en/overview.json' with { type: 'json' };
import playground from './en/playground.json' with { type: 'json' };
import policies from './en/policies.json' with { type: 'json' };
import servers from './en/servers.json' with { type: 'json' };
import shape from './en/shape.json' with { type: 'json' };
import signIn from './en/sign-in.json' with { type: 'json' };
import traffic from './en/traffic.json' with { type: 'json' };
import users from './en/users.json' with { type: 'json' };

export const en = { ...account, ...audit, ...configuration, ...costs, ...endpoints, ...frame, ...govern, ...inspector, ...keys, ...namespaces, ...orchestrator, ...overview, ...playground, ...policies, ...servers, ...shape, ...signIn, ...traffic, ...users };
