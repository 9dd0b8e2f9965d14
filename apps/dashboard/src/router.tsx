import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
  type RouterHistory,
} from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { FiringCount } from './pages/alerts/firing-count.tsx';
import { ALERTS_SEARCH } from './pages/alerts/search.ts';
import { COMPARE_SEARCH } from './pages/compare/search.ts';
import { SERVICE_SEARCH } from './pages/service/search.ts';
import { ServicesPage } from './pages/services/page.tsx';
import { SERVICES_SEARCH } from './pages/services/search.ts';
import { TARGETS_SEARCH } from './pages/targets/search.ts';
import { Shell } from './ui/shell.tsx';
import { CrashPage, LoadingState, NotFoundPage } from './ui/states.tsx';
import {
  parseSearchText,
  RANGE_SEARCH,
  type RangeSearch,
  readSearch,
  stringifySearch,
} from './url/parameters.ts';

/** The frame of every page. */
const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Shell,
  notFoundComponent: NotFoundPage,
  validateSearch: readSearch(RANGE_SEARCH),
  search: { middlewares: [retainSearchParams<RangeSearch>(['from', 'to', 'live'])] },
});

const inFrame = { getParentRoute: () => rootRoute };

/** Every page, in the order of the navigation; all but the first are loaded when they are asked for. */
const routeTree = rootRoute.addChildren([
  createRoute({
    ...inFrame,
    path: '/',
    component: ServicesPage,
    validateSearch: readSearch(SERVICES_SEARCH),
    staticData: { label: 'Services', hasRange: true },
  }),
  createRoute({
    ...inFrame,
    path: '/services/$service',
    component: lazyRouteComponent(() => import('./pages/service/page.tsx'), 'ServicePage'),
    validateSearch: readSearch(SERVICE_SEARCH),
    staticData: { hasRange: true },
  }),
  createRoute({
    ...inFrame,
    path: '/compare',
    component: lazyRouteComponent(() => import('./pages/compare/page.tsx'), 'ComparePage'),
    validateSearch: readSearch(COMPARE_SEARCH),
    staticData: { label: 'Compare' },
  }),
  createRoute({
    ...inFrame,
    path: '/alerts',
    component: lazyRouteComponent(() => import('./pages/alerts/page.tsx'), 'AlertsPage'),
    validateSearch: readSearch(ALERTS_SEARCH),
    staticData: { label: 'Alerts', Badge: FiringCount },
  }),
  createRoute({
    ...inFrame,
    path: '/targets',
    component: lazyRouteComponent(() => import('./pages/targets/page.tsx'), 'TargetsPage'),
    validateSearch: readSearch(TARGETS_SEARCH),
    staticData: { label: 'Targets' },
  }),
]);

/** The router of the dashboard; a history is given only where there is no browser address bar. */
export function createDashboardRouter(queryClient: QueryClient, history?: RouterHistory) {
  return createRouter({
    routeTree,
    context: { queryClient },
    parseSearch: parseSearchText,
    stringifySearch,
    defaultPreload: 'intent',
    defaultPendingComponent: () => <LoadingState label="Loading the page" />,
    defaultErrorComponent: CrashPage,
    ...(history ? { history } : {}),
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createDashboardRouter>;
  }

  /** What the frame knows of a page. */
  interface StaticDataRouteOption {
    /** Its name in the navigation; without one it is not there. */
    readonly label?: string;
    /** Stands beside the name. */
    readonly Badge?: ComponentType;
    /** Whether the page shows the range of the address. */
    readonly hasRange?: boolean;
  }
}
