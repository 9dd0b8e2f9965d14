import { WORKSPACE_SEARCH } from '../../features/flamegraph/workspace/workspace-state.ts';
import { type SearchOf, text } from '../../url/parameters.ts';

export const SERVICE_SEARCH = {
  type: text(512),
  /** Matchers without braces: `version="2.41",env=~"prod.*"`. */
  filter: text(),
  /** Label by whose values the timeline is split. */
  by: text(128),
  ...WORKSPACE_SEARCH,
};
export type ServiceSearch = SearchOf<typeof SERVICE_SEARCH>;
