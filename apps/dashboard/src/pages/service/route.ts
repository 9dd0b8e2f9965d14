import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../root-route.ts';
import { readSearch } from '../../url/parameters.ts';
import { SERVICE_SEARCH } from './search.ts';

export const serviceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/services/$service',
  component: lazyRouteComponent(() => import('./page.tsx'), 'ServicePage'),
  validateSearch: readSearch(SERVICE_SEARCH),
  staticData: { hasRange: true },
});
