import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
  type RouterHistory,
} from '@tanstack/react-router';
import {
  parseSearchText,
  stringifySearch,
  validateAlertsSearch,
  validateCompareSearch,
  validateRootSearch,
  validateServiceSearch,
  validateServicesSearch,
  validateTargetsSearch,
} from './url/search.ts';
import { ServicesPage } from './pages/services/page.tsx';
import { CrashPage, NotFoundPage } from './ui/fault-pages.tsx';
import { LoadingState } from './ui/states.tsx';
import { Shell } from './ui/shell.tsx';

const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Shell,
  notFoundComponent: NotFoundPage,
  validateSearch: validateRootSearch,
  search: { middlewares: [retainSearchParams(['from', 'to', 'live'])] },
});

const servicesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: ServicesPage,
  validateSearch: validateServicesSearch,
});

const serviceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/services/$service',
  component: lazyRouteComponent(() => import('./pages/service/page.tsx'), 'ServicePage'),
  validateSearch: validateServiceSearch,
});

const compareRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/compare',
  component: lazyRouteComponent(() => import('./pages/compare/page.tsx'), 'ComparePage'),
  validateSearch: validateCompareSearch,
});

const alertsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts',
  component: lazyRouteComponent(() => import('./pages/alerts/page.tsx'), 'AlertsPage'),
  validateSearch: validateAlertsSearch,
});

const targetsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/targets',
  component: lazyRouteComponent(() => import('./pages/targets/page.tsx'), 'TargetsPage'),
  validateSearch: validateTargetsSearch,
});

const routeTree = rootRoute.addChildren([
  servicesRoute,
  serviceRoute,
  compareRoute,
  alertsRoute,
  targetsRoute,
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
}
