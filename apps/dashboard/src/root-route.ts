import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, retainSearchParams } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { NotFoundPage } from './ui/fault-pages.tsx';
import { Shell } from './ui/shell.tsx';
import { readSearch } from './url/parameters.ts';
import { RANGE_SEARCH, type RangeSearch } from './url/range-search.ts';

/** The frame of every page, below which each page's `route.ts` hangs its own. */
export const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Shell,
  notFoundComponent: NotFoundPage,
  validateSearch: readSearch(RANGE_SEARCH),
  search: { middlewares: [retainSearchParams<RangeSearch>(['from', 'to', 'live'])] },
});

declare module '@tanstack/react-router' {
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
