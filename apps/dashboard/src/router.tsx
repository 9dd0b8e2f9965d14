import type { QueryClient } from '@tanstack/react-query';
import { createRouter, type RouterHistory } from '@tanstack/react-router';
import { alertsRoute } from './pages/alerts/route.ts';
import { compareRoute } from './pages/compare/route.ts';
import { serviceRoute } from './pages/service/route.ts';
import { servicesRoute } from './pages/services/route.ts';
import { targetsRoute } from './pages/targets/route.ts';
import { rootRoute } from './root-route.ts';
import { CrashPage } from './ui/fault-pages.tsx';
import { LoadingState } from './ui/states.tsx';
import { parseSearchText, stringifySearch } from './url/parameters.ts';

/** Every page, in the order of the navigation. */
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
