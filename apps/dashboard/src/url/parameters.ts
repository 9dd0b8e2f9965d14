import { DEFAULT_RANGE, offsetBeforeNow, parseInstant, type TimeRange } from '../time/range.ts';

/** Reads one search parameter; undefined when it is missing or of no use. */
export type Parameter<T> = (raw: unknown) => T | undefined;

/** The search state that a table of parameters describes. */
export type SearchOf<P extends Readonly<Record<string, Parameter<unknown>>>> = {
  [name in keyof P]?: ReturnType<P[name]>;
};

/** Makes a page's table of parameters what the router reads the address with; what is of no use is dropped. */
export function readSearch<P extends Readonly<Record<string, Parameter<unknown>>>>(
  parameters: P,
): (raw: Readonly<Record<string, unknown>>) => SearchOf<P> {
  return (raw) =>
    Object.fromEntries(
      Object.entries(parameters).map(([name, read]) => [name, read(raw[name])]),
    ) as SearchOf<P>;
}

export function text(maxLength = 8192): Parameter<string> {
  return (raw) => {
    if (typeof raw === 'number') return String(raw);
    return typeof raw === 'string' && raw !== '' && raw.length <= maxLength ? raw : undefined;
  };
}

export function oneOf<T extends string>(...allowed: readonly T[]): Parameter<T> {
  return (raw) => allowed.find((candidate) => candidate === raw);
}

/** A whole number from 1. */
export function count(max: number): Parameter<number> {
  return (raw) => {
    const value = Number(raw);
    return Number.isInteger(value) && value >= 1 && value <= max ? value : undefined;
  };
}

const flag: Parameter<true> = (raw) => (raw === true || raw === '1' ? true : undefined);

/** A time: relative as it is spelled, absolute as Unix ms. */
export const time: Parameter<string> = (raw) => {
  const spelled = text(64)(raw);
  const instant = spelled === undefined ? null : parseInstant(spelled, 0);
  if (spelled === undefined || instant === null) return undefined;
  return offsetBeforeNow(spelled) === null ? String(instant) : spelled;
};

/** Range and live refresh, in the URL of every page. */
export const RANGE_SEARCH = { from: time, to: time, live: flag };
export type RangeSearch = SearchOf<typeof RANGE_SEARCH>;

/** The range that a page shows; a missing end falls back to the last hour. */
export function rangeOf(search: RangeSearch): TimeRange {
  return { from: search.from ?? DEFAULT_RANGE.from, to: search.to ?? DEFAULT_RANGE.to };
}

/** Reads `?a=b` into plain text values; nothing in our URLs is JSON by default. */
export function parseSearchText(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

/** Writes search state as `?a=b`; what is undefined, empty or false is left out. */
export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === true) params.set(name, '1');
    else if (typeof value === 'number') params.set(name, String(value));
    else if (typeof value === 'string' && value !== '') params.set(name, value);
  }
  const query = params.toString();
  return query === '' ? '' : `?${query}`;
}
