import { oneOf, type SearchOf, text } from '../../url/parameters.ts';

export const ALERTS_SEARCH = {
  state: oneOf('firing', 'pending', 'resolved'),
  /** Rule being edited, or `new`. */
  rule: text(128),
};
export type AlertsSearch = SearchOf<typeof ALERTS_SEARCH>;
