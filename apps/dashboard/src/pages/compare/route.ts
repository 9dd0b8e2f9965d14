import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { rootRoute } from '../../root-route.ts';
import { readSearch } from '../../url/parameters.ts';
import { COMPARE_SEARCH } from './search.ts';

export const compareRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/compare',
  component: lazyRouteComponent(() => import('./page.tsx'), 'ComparePage'),
  validateSearch: readSearch(COMPARE_SEARCH),
  staticData: { label: 'Compare' },
});
