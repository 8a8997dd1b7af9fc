import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { ask } from '../api/ask.ts';
import { ApiProblem } from '../api/problem.ts';
import { Frame } from './frame.tsx';
import { NotFound, Failed } from './not-found.tsx';
import { OPEN_PAGES, type PageEntry, PAGES } from './pages.ts';
import { queryClient } from './query-client.ts';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: Failed });

const frame = createRoute({
  id: 'frame',
  getParentRoute: () => root,
  component: Frame,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData({ queryKey: ['GET /api/v1/me', {}], queryFn: () => ask('GET /api/v1/me') });
    } catch (thrown) {
      if (thrown instanceof ApiProblem && thrown.problem.status === 401) redirect({ to: '/sign-in', search: location.pathname === '/' ? {} : { next: location.href }, throw: true } as never);
      throw thrown;
    }
  },
});

const front = createRoute({
  path: '/',
  getParentRoute: () => root,
  beforeLoad: () => {
    redirect({ to: '/overview', throw: true } as never);
  },
});

function toRoute({ path, load }: PageEntry, parent: typeof root | typeof frame) {
  return createRoute({ path, getParentRoute: () => parent as typeof root, component: lazyRouteComponent(async () => ({ default: await load() })) });
}

export const router = createRouter({
  routeTree: root.addChildren([front, ...OPEN_PAGES.map((page) => toRoute(page, root)), frame.addChildren(PAGES.map((page) => toRoute(page, frame)))]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  // Values in the address are texts, and look like themselves.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string')).toString();
    return text === '' ? '' : `?${text}`;
  },
});
