/**
 * Every page: one line makes its route, its place in the navigation, its entry in the command palette and its shortcut.
 * Pages are loaded when they are first opened.
 */
import type { ComponentType } from 'react';
import type { Permission } from '../api/me.ts';
import type { IconName } from '../components/icon.tsx';
import type { TextKey } from '../texts/text-key.ts';

export const GROUPS = ['run', 'offer', 'govern', 'administer'] as const;
export type Group = (typeof GROUPS)[number];

export interface PageEntry {
  readonly path: `/${string}`;
  readonly load: () => Promise<ComponentType>;
  /** In the navigation; without it, the page is reached from others. */
  readonly nav?: {
    readonly group: Group;
    readonly text: TextKey;
    readonly icon: IconName;
    /** Whoever lacks it does not see the entry. */
    readonly permission: Permission;
    /** Pressed after `g`. */
    readonly key?: string;
  };
}

/** Behind the sign-in. */
export const PAGES: readonly PageEntry[] = [
  { path: '/overview', nav: { group: 'run', text: 'nav.overview', icon: 'overview', permission: 'server:read', key: 'o' }, load: async () => (await import('../features/overview/overview-page.tsx')).OverviewPage },
  { path: '/traffic', nav: { group: 'run', text: 'traffic.title', icon: 'pulse', permission: 'traffic:read', key: 't' }, load: async () => (await import('../features/traffic/traffic-page.tsx')).TrafficPage },
  { path: '/inspector', nav: { group: 'run', text: 'inspector.title', icon: 'terminal', permission: 'inspection:open', key: 'i' }, load: async () => (await import('../features/inspector/inspector-page.tsx')).InspectorPage },
  { path: '/playground', nav: { group: 'run', text: 'playground.title', icon: 'chat', permission: 'playground:use', key: 'h' }, load: async () => (await import('../features/playground/playground-page.tsx')).PlaygroundPage },
  { path: '/servers', nav: { group: 'offer', text: 'nav.servers', icon: 'server', permission: 'server:read', key: 's' }, load: async () => (await import('../features/servers/servers-page.tsx')).ServersPage },
  { path: '/servers/$name', load: async () => (await import('../features/servers/server-page.tsx')).ServerPage },
  { path: '/namespaces', nav: { group: 'offer', text: 'nav.namespaces', icon: 'layers', permission: 'namespace:read', key: 'n' }, load: async () => (await import('../features/namespaces/namespaces-page.tsx')).NamespacesPage },
  { path: '/namespaces/$name', load: async () => (await import('../features/namespaces/namespace-page.tsx')).NamespacePage },
  { path: '/endpoints', nav: { group: 'offer', text: 'nav.endpoints', icon: 'plug', permission: 'endpoint:read', key: 'e' }, load: async () => (await import('../features/endpoints/endpoints-page.tsx')).EndpointsPage },
  { path: '/endpoints/$name', load: async () => (await import('../features/endpoints/endpoint-page.tsx')).EndpointPage },
  { path: '/keys', nav: { group: 'offer', text: 'keys.title', icon: 'key', permission: 'key:read', key: 'k' }, load: async () => (await import('../features/keys/keys-page.tsx')).KeysPage },
  { path: '/policies', nav: { group: 'govern', text: 'policies.title', icon: 'shield', permission: 'policy:read' }, load: async () => (await import('../features/policies/policies-page.tsx')).PoliciesPage },
  { path: '/policies/$name', load: async () => (await import('../features/policies/policy-page.tsx')).PolicyPage },
  { path: '/definitions', nav: { group: 'govern', text: 'definitions.title', icon: 'file', permission: 'definition:read', key: 'd' }, load: async () => (await import('../features/definitions/definitions-page.tsx')).DefinitionsPage },
  { path: '/middleware', nav: { group: 'offer', text: 'middleware.title', icon: 'menu', permission: 'namespace:read', key: 'm' }, load: async () => (await import('../features/middleware/middleware-page.tsx')).MiddlewarePage },
  { path: '/discovery', nav: { group: 'offer', text: 'discovery.title', icon: 'search', permission: 'endpoint:read' }, load: async () => (await import('../features/discovery/discovery-page.tsx')).DiscoveryPage },
  { path: '/approvals', nav: { group: 'govern', text: 'approvals.title', icon: 'check', permission: 'approval:read', key: 'p' }, load: async () => (await import('../features/approvals/approvals-page.tsx')).ApprovalsPage },
  { path: '/limits', nav: { group: 'govern', text: 'limits.title', icon: 'gauge', permission: 'limit:read', key: 'l' }, load: async () => (await import('../features/limits/limits-page.tsx')).LimitsPage },
  { path: '/audit', nav: { group: 'govern', text: 'audit.title', icon: 'book', permission: 'audit:read' }, load: async () => (await import('../features/audit/audit-page.tsx')).AuditPage },
  { path: '/costs', nav: { group: 'govern', text: 'costs.title', icon: 'coins', permission: 'traffic:read' }, load: async () => (await import('../features/costs/costs-page.tsx')).CostsPage },
  { path: '/catalogue', nav: { group: 'offer', text: 'orchestrator.catalogue', icon: 'book', permission: 'server:read', key: 'b' }, load: async () => (await import('../features/orchestrator/catalogue-page.tsx')).CataloguePage },
  { path: '/workflows', nav: { group: 'offer', text: 'orchestrator.workflows', icon: 'flow', permission: 'namespace:read', key: 'w' }, load: async () => (await import('../features/orchestrator/workflows-page.tsx')).WorkflowsPage },
  { path: '/on-demand', nav: { group: 'run', text: 'orchestrator.onDemand', icon: 'power', permission: 'session:read', key: 'y' }, load: async () => (await import('../features/orchestrator/on-demand-page.tsx')).OnDemandPage },
  { path: '/users', nav: { group: 'administer', text: 'users.title', icon: 'users', permission: 'user:read', key: 'u' }, load: async () => (await import('../features/users/users-page.tsx')).UsersPage },
  { path: '/configuration', nav: { group: 'administer', text: 'configuration.title', icon: 'history', permission: 'config:read', key: 'c' }, load: async () => (await import('../features/configuration/configuration-page.tsx')).ConfigurationPage },
  { path: '/settings', nav: { group: 'administer', text: 'settings.title', icon: 'settings', permission: 'settings:read' }, load: async () => (await import('../features/settings/settings-page.tsx')).SettingsPage },
  { path: '/account', nav: { group: 'administer', text: 'nav.account', icon: 'user', permission: 'self:read', key: 'a' }, load: async () => (await import('../features/account/account-page.tsx')).AccountPage },
];

/** Before it. */
export const OPEN_PAGES: readonly PageEntry[] = [
  { path: '/sign-in', load: async () => (await import('../features/sign-in/sign-in-page.tsx')).SignInPage },
  { path: '/sign-up', load: async () => (await import('../features/sign-in/sign-up-page.tsx')).SignUpPage },
  { path: '/forgot-password', load: async () => (await import('../features/sign-in/forgot-password-page.tsx')).ForgotPasswordPage },
  { path: '/link', load: async () => (await import('../features/sign-in/link-page.tsx')).LinkPage },
];

/** First segments of all addresses of pages: the gateway answers these and no others. `''` is the front page. */
export const ROUTE_SEGMENTS: readonly string[] = [...new Set(['', ...[...OPEN_PAGES, ...PAGES].map(({ path }) => path.split('/')[1] ?? '')])];
