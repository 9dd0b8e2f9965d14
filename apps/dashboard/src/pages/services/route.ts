import { createRoute } from '@tanstack/react-router';
import { rootRoute } from '../../root-route.ts';
import { readSearch } from '../../url/parameters.ts';
import { ServicesPage } from './page.tsx';
import { SERVICES_SEARCH } from './search.ts';

export const servicesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: ServicesPage,
  validateSearch: readSearch(SERVICES_SEARCH),
  staticData: { label: 'Services', hasRange: true },
});
