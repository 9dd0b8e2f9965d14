import type { FlamegraphAnswer } from '../../../api/flamegraph.ts';
import { findNode, type WidthMode } from '@everflame/flamegraph';
import { useMemo, useRef, type ReactNode } from 'react';
import { Breadcrumb } from './breadcrumb.tsx';
import { FlameGraph } from '../canvas/flame-graph.tsx';
import { buildScene } from '../scene/scene.ts';
import { TreeNotices } from './tree-notices.tsx';
import { useSearchedTree } from './use-search.ts';
import { WorkspaceToolbar } from './workspace-toolbar.tsx';
import {
  type ChangeWorkspace,
  expandPath,
  parsePath,
  spellPath,
  WHOLE_TREE,
  type WorkspaceState,
} from './workspace-state.ts';
import './workspace.css';

interface WorkspaceProps {
  readonly answer: FlamegraphAnswer;
  readonly state: WorkspaceState;
  readonly onChange: ChangeWorkspace;
  readonly label: string;
  readonly testId: string;
  readonly table: ReactNode;
  readonly widthMode?: WidthMode;
  /** Further controls of the page. */
  readonly actions?: ReactNode;
  /** Stands between the toolbar and the panes. */
  readonly legend?: ReactNode;
}

/** Flame graph and table of one answer, with search and zoom, all of it in the URL. */
export function Workspace(props: WorkspaceProps) {
  const { answer, state, onChange, label, testId, table, widthMode = 'max', actions, legend } = props;
  const searchInput = useRef<HTMLInputElement>(null);
  const scene = useMemo(
    () => buildScene(answer.tree, answer.header.unit, { widthMode }),
    [answer.tree, answer.header.unit, widthMode],
  );
  const found = useSearchedTree(answer.tree, state.q);
  const zoom = parsePath(state.zoom) ?? [];
  const root = parsePath(state.root) ?? [];
  const zoomTo = (path: readonly string[]): void => onChange({ zoom: spellPath(path) });
  const isZoomKnown = zoom.length === 0 || findNode(answer.tree, zoom) > 0;
  const view = state.view ?? 'both';
  return (
    <>
      <WorkspaceToolbar state={state} onChange={onChange} found={found} searchInput={searchInput}>
        {actions}
      </WorkspaceToolbar>
      <TreeNotices
        header={answer.header}
        tree={answer.tree}
        root={root}
        onWhole={() => onChange(WHOLE_TREE)}
      />
      {legend}
      <div className="panes" data-view={view}>
        {view === 'table' ? null : (
          <section className="pane flame-pane" aria-label={label}>
            <Breadcrumb path={zoom} isKnown={isZoomKnown} onZoom={zoomTo} />
            <FlameGraph
              scene={scene}
              found={found}
              zoom={zoom}
              label={label}
              testId={testId}
              onZoom={zoomTo}
              onExpand={(path) => onChange(expandPath(state, path))}
              onSearchKey={() => searchInput.current?.focus()}
            />
          </section>
        )}
        {view === 'graph' ? null : <section className="pane table-pane">{table}</section>}
      </div>
    </>
  );
}
