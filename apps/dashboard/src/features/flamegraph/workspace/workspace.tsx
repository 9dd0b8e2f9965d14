import type { FlamegraphAnswer } from '../../../api/flamegraph.ts';
import { findNode, type WidthMode } from '@everflame/flamegraph';
import { useMemo, useRef, type ReactNode } from 'react';
import { Breadcrumb } from './breadcrumb.tsx';
import { FlameGraph } from '../canvas/flame-graph.tsx';
import { buildScene, type FlameScene } from '../scene/scene.ts';
import { schemesFor } from '../scene/schemes/index.ts';
import { TreeNotices } from './tree-notices.tsx';
import { useSearchedTree, type SearchResult } from './use-search.ts';
import { WorkspaceToolbar } from './workspace-toolbar.tsx';
import {
  type ChangeWorkspace,
  expandPath,
  parsePath,
  spellPath,
  WHOLE_TREE,
  type WorkspaceState,
} from './workspace-state.ts';
import '../flamegraph.css';

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
  const { answer, state, onChange, table, widthMode = 'max', actions, legend } = props;
  const searchInput = useRef<HTMLInputElement>(null);
  const scene = useMemo(
    () => buildScene(answer.tree, answer.header.unit, { widthMode, colours: state.colours }),
    [answer.tree, answer.header.unit, widthMode, state.colours],
  );
  const found = useSearchedTree(answer.tree, state.q);
  const root = parsePath(state.root) ?? [];
  const view = state.view ?? 'both';
  return (
    <>
      <WorkspaceToolbar
        schemes={schemesFor(answer.tree)}
        state={state}
        onChange={onChange}
        found={found}
        searchInput={searchInput}
      >
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
          <FlamePane
            {...props}
            scene={scene}
            found={found}
            onSearchKey={() => searchInput.current?.focus()}
          />
        )}
        {view === 'graph' ? null : <section className="pane table-pane">{table}</section>}
      </div>
    </>
  );
}

interface FlamePaneProps extends Pick<WorkspaceProps, 'state' | 'onChange' | 'label' | 'testId'> {
  readonly scene: FlameScene;
  readonly found: SearchResult;
  readonly onSearchKey: () => void;
}

function FlamePane({ scene, found, state, onChange, label, testId, onSearchKey }: FlamePaneProps) {
  const zoom = parsePath(state.zoom) ?? [];
  const zoomTo = (path: readonly string[]): void => onChange({ zoom: spellPath(path) });
  return (
    <section className="pane flame-pane" aria-label={label}>
      <Breadcrumb path={zoom} isKnown={zoom.length === 0 || findNode(scene.tree, zoom) > 0} onZoom={zoomTo} />
      <FlameGraph
        scene={scene}
        found={found}
        zoom={zoom}
        label={label}
        testId={testId}
        onZoom={zoomTo}
        onExpand={(path) => onChange(expandPath(state, path))}
        onSearchKey={onSearchKey}
      />
    </section>
  );
}
