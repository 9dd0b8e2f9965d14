import { WORKSPACE_SEARCH } from '../../features/flamegraph/workspace/workspace-state.ts';
import type { ChangeSearch } from '../../url/search-state.ts';
import { oneOf, type SearchOf, text, time } from '../../url/parameters.ts';

/** Names follow the API, so that links can be built from one another. */
export const COMPARE_SEARCH = {
  left_query: text(),
  left_from: time,
  left_to: time,
  right_query: text(),
  right_from: time,
  right_to: time,
  normalize: oneOf('none', 'share', 'instance_seconds'),
  /** Which side makes a box wide. */
  width: oneOf('left', 'right', 'max'),
  ...WORKSPACE_SEARCH,
};
export type CompareSearch = SearchOf<typeof COMPARE_SEARCH>;
export type ChangeComparison = ChangeSearch<CompareSearch>;
