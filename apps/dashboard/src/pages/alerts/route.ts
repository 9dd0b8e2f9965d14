import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../root-route.ts';
import { readSearch } from '../../url/parameters.ts';
import { FiringCount } from './firing-count.tsx';
import { ALERTS_SEARCH } from './search.ts';

export const alertsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts',
  component: lazyRouteComponent(() => import('./page.tsx'), 'AlertsPage'),
  validateSearch: readSearch(ALERTS_SEARCH),
  staticData: { label: 'Alerts', Badge: FiringCount },
});
