import type { ChangeSearch } from '../../../url/search-state.ts';
import { count, oneOf, type Parameter, type SearchOf, text } from '../../../url/parameters.ts';

/** Most nodes that the API sends, and how many it sends unasked. */
const MAX_NODES = 1_000_000;
const DEFAULT_NODES = 16_384;

const path: Parameter<string> = (raw) => {
  const spelled = text(65_536)(raw);
  return parsePath(spelled) === null ? undefined : spelled;
};

/** The part of the URL that the workspace owns, on whichever page it stands. */
export const WORKSPACE_SEARCH = {
  /** Which panes are shown; both when left out. */
  view: oneOf('graph', 'table', 'both'),
  q: text(1024),
  /** Name of a colour scheme; the default of the tree when it is left out or does not fit. */
  colours: text(32),
  /** Path of function names from the root to the zoomed node, as a JSON array. */
  zoom: path,
  /** Path of the subtree that was asked for beyond a cut, as a JSON array. */
  root: path,
  /** Nodes to ask for at most, where the default hides what is wanted. */
  max: count(MAX_NODES),
};
export type WorkspaceState = SearchOf<typeof WORKSPACE_SEARCH>;
export type ChangeWorkspace = ChangeSearch<WorkspaceState>;

/** State of an unzoomed tree that was asked for as a whole. */
export const WHOLE_TREE = { zoom: undefined, root: undefined, max: undefined } as const;

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

/**
 * Returns what to ask for so that the nodes cut below a path are seen: its subtree, or more nodes where the subtree is
 * loaded already.
 */
export function expandPath(
  state: WorkspaceState,
  names: readonly string[],
): Pick<WorkspaceState, 'root' | 'zoom' | 'max'> {
  const root = spellPath(names);
  const isLoaded = root === state.root;
  const max = isLoaded ? Math.min(MAX_NODES, (state.max ?? DEFAULT_NODES) * 8) : undefined;
  return { root, zoom: root, max };
}
