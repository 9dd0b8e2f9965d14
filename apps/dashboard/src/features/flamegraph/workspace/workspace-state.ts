import type { PaneView } from '../../../url/search.ts';

/** The part of the URL that the workspace owns, on whichever page it stands. */
export interface WorkspaceState {
  view?: PaneView | undefined;
  q?: string | undefined;
  zoom?: string | undefined;
  root?: string | undefined;
  max?: number | undefined;
}

/** Changes the URL; `replace` keeps the change out of the history. */
export type ChangeWorkspace = (change: WorkspaceState, replace?: boolean) => void;
