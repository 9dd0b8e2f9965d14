import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../root-route.ts';
import { readSearch } from '../../url/parameters.ts';
import { TARGETS_SEARCH } from './search.ts';

export const targetsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/targets',
  component: lazyRouteComponent(() => import('./page.tsx'), 'TargetsPage'),
  validateSearch: readSearch(TARGETS_SEARCH),
  staticData: { label: 'Targets' },
});
