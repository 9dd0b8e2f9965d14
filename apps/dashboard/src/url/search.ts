import { DEFAULT_RANGE, offsetBeforeNow, parseInstant, type TimeRange } from '../time/range.ts';
import type { Normalize } from '../api/queries.ts';

/** Most nodes that the API sends. */
const MAX_NODES = 1_000_000;
const DEFAULT_NODES = 16_384;

type Raw = Record<string, unknown>;

/** Range and live refresh, in the URL of every page. */
export interface RootSearch {
  from?: string | undefined;
  to?: string | undefined;
  live?: true | undefined;
}

/** What the panes of the workspace show. */
export type PaneView = 'graph' | 'table' | 'both';

/** State of a service page. */
export interface ServiceSearch {
  type?: string | undefined;
  /** Matchers without braces: `version="2.41",env=~"prod.*"`. */
  filter?: string | undefined;
  by?: string | undefined;
  view?: PaneView | undefined;
  q?: string | undefined;
  /** Path of function names from the root to the zoomed node, as a JSON array. */
  zoom?: string | undefined;
  /** Path of the subtree that was asked for beyond a cut, as a JSON array. */
  root?: string | undefined;
  /** Nodes to ask for at most, where the default hides what is wanted. */
  max?: number | undefined;
}

/** State of the comparison page; names follow the API so that links can be built from one another. */
export interface CompareSearch {
  left_query?: string | undefined;
  left_from?: string | undefined;
  left_to?: string | undefined;
  right_query?: string | undefined;
  right_from?: string | undefined;
  right_to?: string | undefined;
  normalize?: Normalize | undefined;
  /** Which side makes a box wide. */
  width?: 'left' | 'right' | 'max' | undefined;
  view?: PaneView | undefined;
  q?: string | undefined;
  zoom?: string | undefined;
  root?: string | undefined;
  /** Nodes to ask for at most, where the default hides what is wanted. */
  max?: number | undefined;
}

/** State of the alerts page. */
export interface AlertsSearch {
  state?: 'firing' | 'pending' | 'resolved' | undefined;
  /** Rule being edited, or `new`. */
  rule?: string | undefined;
}

/** State of the targets page. */
export interface TargetsSearch {
  health?: 'up' | 'down' | 'unknown' | undefined;
  q?: string | undefined;
}

/** State of the list of services. */
export interface ServicesSearch {
  q?: string | undefined;
  sort?: 'cpu' | 'heap' | 'name' | 'change' | undefined;
}

/** Reads `?a=b` into plain text values; nothing in our URLs is JSON by default. */
export function parseSearchText(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

/** Writes search state as `?a=b`; what is undefined, empty or false is left out. */
export function stringifySearch(search: Raw): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === true) params.set(name, '1');
    else if (typeof value === 'number') params.set(name, String(value));
    else if (typeof value === 'string' && value !== '') params.set(name, value);
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

function text(value: unknown, maxLength = 8192): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' && value.length <= maxLength ? value : undefined;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((candidate) => candidate === value);
}

function time(value: unknown): string | undefined {
  const spelled = text(value, 64);
  const instant = spelled === undefined ? null : parseInstant(spelled, 0);
  if (spelled === undefined || instant === null) return undefined;
  return offsetBeforeNow(spelled) === null ? String(instant) : spelled;
}

function path(value: unknown): string | undefined {
  const spelled = text(value, 65_536);
  return spelled !== undefined && parsePath(spelled) !== null ? spelled : undefined;
}

function nodeLimit(value: unknown): number | undefined {
  const limit = Number(value);
  return Number.isInteger(limit) && limit >= 1 && limit <= MAX_NODES ? limit : undefined;
}

/** The names of a path parameter, root first; null when the text is not a path. */
export function parsePath(spelled: string | undefined): readonly string[] | null {
  if (spelled === undefined) return null;
  try {
    const names: unknown = JSON.parse(spelled);
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : null;
  } catch {
    return null;
  }
}

/** Spells a path for the URL and the API; undefined for the root itself. */
export function spellPath(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : JSON.stringify(names);
}

/** Search state of an unzoomed tree that was asked for as a whole. */
export const WHOLE_TREE = { zoom: undefined, root: undefined, max: undefined } as const;

/**
 * What to ask for so that the nodes cut below a path are seen: its subtree, or more nodes where the subtree is
 * loaded already.
 */
export function expandedSearch(
  state: { root?: string | undefined; max?: number | undefined },
  names: readonly string[],
): { root: string | undefined; zoom: string | undefined; max: number | undefined } {
  const root = spellPath(names);
  const isLoaded = root === state.root;
  const max = isLoaded ? Math.min(MAX_NODES, (state.max ?? DEFAULT_NODES) * 8) : undefined;
  return { root, zoom: root, max };
}

/** The range that a page shows; a missing end falls back to the last hour. */
export function rangeOf(search: RootSearch): TimeRange {
  return { from: search.from ?? DEFAULT_RANGE.from, to: search.to ?? DEFAULT_RANGE.to };
}

export function validateRootSearch(raw: Raw): RootSearch {
  const isLive = raw['live'] === true || raw['live'] === '1';
  return { from: time(raw['from']), to: time(raw['to']), live: isLive ? true : undefined };
}

export function validateServicesSearch(raw: Raw): ServicesSearch {
  return { q: text(raw['q'], 256), sort: oneOf(raw['sort'], ['cpu', 'heap', 'name', 'change']) };
}

const VIEWS: readonly PaneView[] = ['graph', 'table', 'both'];

export function validateServiceSearch(raw: Raw): ServiceSearch {
  return {
    type: text(raw['type'], 512),
    filter: text(raw['filter']),
    by: text(raw['by'], 128),
    view: oneOf(raw['view'], VIEWS),
    q: text(raw['q'], 1024),
    zoom: path(raw['zoom']),
    root: path(raw['root']),
    max: nodeLimit(raw['max']),
  };
}

export function validateCompareSearch(raw: Raw): CompareSearch {
  return {
    left_query: text(raw['left_query']),
    left_from: time(raw['left_from']),
    left_to: time(raw['left_to']),
    right_query: text(raw['right_query']),
    right_from: time(raw['right_from']),
    right_to: time(raw['right_to']),
    normalize: oneOf(raw['normalize'], ['none', 'share', 'instance_seconds']),
    width: oneOf(raw['width'], ['left', 'right', 'max']),
    view: oneOf(raw['view'], VIEWS),
    q: text(raw['q'], 1024),
    zoom: path(raw['zoom']),
    root: path(raw['root']),
    max: nodeLimit(raw['max']),
  };
}

export function validateAlertsSearch(raw: Raw): AlertsSearch {
  return { state: oneOf(raw['state'], ['firing', 'pending', 'resolved']), rule: text(raw['rule'], 128) };
}

export function validateTargetsSearch(raw: Raw): TargetsSearch {
  return { health: oneOf(raw['health'], ['up', 'down', 'unknown']), q: text(raw['q'], 256) };
}
