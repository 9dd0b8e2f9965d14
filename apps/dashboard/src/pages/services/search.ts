import { oneOf, type SearchOf, text } from '../../url/parameters.ts';

export const SERVICES_SEARCH = { q: text(256), sort: oneOf('cpu', 'heap', 'name', 'change') };
export type ServicesSearch = SearchOf<typeof SERVICES_SEARCH>;
