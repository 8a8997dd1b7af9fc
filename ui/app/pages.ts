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
  { path: '/servers', nav: { group: 'offer', text: 'nav.servers', icon: 'server', permission: 'server:read', key: 's' }, load: async () => (await import('../features/servers/servers-page.tsx')).ServersPage },
  { path: '/servers/$name', load: async () => (await import('../features/servers/server-page.tsx')).ServerPage },
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
