import { formatSelector, parseSelector, type Matcher } from '@everflame/profile';

/** A filter as it stands in the URL, read; `problem` says why it cannot be. */
export interface ReadFilter {
  readonly matchers: readonly Matcher[];
  readonly problem: string | null;
}

/** Reads matchers without braces. */
export function readFilter(text: string | undefined): ReadFilter {
  if (text === undefined || text.trim() === '') return { matchers: [], problem: null };
  try {
    return { matchers: parseSelector(`{${text}}`).matchers, problem: null };
  } catch (error) {
    return { matchers: [], problem: error instanceof Error ? error.message : 'The filter cannot be read.' };
  }
}

/** Spells matchers for the URL; undefined when there are none. */
export function spellFilter(matchers: readonly Matcher[]): string | undefined {
  return matchers.length === 0 ? undefined : formatSelector({ matchers }).slice(1, -1);
}

/** The selector of one profile type (or none) of one service under more matchers. */
export function selectorFor(type: string, service: string, matchers: readonly Matcher[]): string {
  const own: Matcher = { name: 'service_name', op: '=', value: service };
  return `${type}${formatSelector({ matchers: [own, ...matchers] })}`;
}

/** A selector taken apart into what the controls edit. */
export interface SelectorParts {
  readonly type: string;
  readonly service: string;
  readonly matchers: readonly Matcher[];
}

/** Takes `type{service_name="…",…}` apart; what cannot be read comes back empty. */
export function partsOfSelector(query: string | undefined): SelectorParts {
  if (query === undefined) return { type: '', service: '', matchers: [] };
  try {
    const selector = parseSelector(query);
    const isService = (matcher: Matcher): boolean => matcher.name === 'service_name' && matcher.op === '=';
    return {
      type: selector.profileType?.id ?? '',
      service: selector.matchers.find(isService)?.value ?? '',
      matchers: selector.matchers.filter((matcher) => !isService(matcher)),
    };
  } catch {
    return { type: '', service: '', matchers: [] };
  }
}
