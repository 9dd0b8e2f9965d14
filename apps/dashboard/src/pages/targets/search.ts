import { oneOf, type SearchOf, text } from '../../url/parameters.ts';

export const TARGETS_SEARCH = { health: oneOf('up', 'down', 'unknown'), q: text(256) };
export type TargetsSearch = SearchOf<typeof TARGETS_SEARCH>;
