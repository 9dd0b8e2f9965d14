import type { Matched } from '@everflame/flamegraph';
import { type ReactNode, type RefObject } from 'react';
import { formatShare } from '../scene/node-facts.ts';
import type { SearchResult } from './use-search.ts';
import { type ChangeWorkspace, WHOLE_TREE, type WorkspaceState } from './workspace-state.ts';
import { Segmented, SelectField } from '../../../ui/controls.tsx';
import { countOf } from '../../../ui/count.ts';

const VIEWS = [
  ['graph', 'Flame graph'],
  ['table', 'Table'],
  ['both', 'Both'],
] as const;

interface WorkspaceToolbarProps extends SearchFieldProps {
  /** Names and labels of the colour schemes to choose from. */
  readonly schemes: readonly (readonly [name: string, label: string])[];
  readonly children?: ReactNode;
}

interface SearchFieldProps {
  readonly state: WorkspaceState;
  readonly onChange: ChangeWorkspace;
  readonly found: SearchResult;
  readonly searchInput: RefObject<HTMLInputElement | null>;
}

/** View switch, search, reset and what the page adds. */
export function WorkspaceToolbar(props: WorkspaceToolbarProps) {
  const { schemes, state, onChange, found, searchInput, children } = props;
  const isZoomed = [state.zoom, state.root, state.max].some((part) => part !== undefined);
  return (
    <div className="row toolbar">
      <Segmented
        label="View"
        value={state.view ?? 'both'}
        options={VIEWS}
        onChange={(view) => onChange({ view: view === 'both' ? undefined : view }, true)}
      />
      <SearchField state={state} onChange={onChange} found={found} searchInput={searchInput} />
      <button
        type="button"
        data-testid="reset-zoom"
        disabled={!isZoomed}
        onClick={() => onChange(WHOLE_TREE)}
      >
        Reset zoom
      </button>
      {schemes.length < 2 ? null : (
        <SelectField
          label="Colours"
          value={state.colours ?? schemes[0]?.[0] ?? ''}
          options={schemes}
          onChange={(colours) => onChange({ colours }, true)}
        />
      )}
      {children}
    </div>
  );
}

function SearchField({ state, onChange, found: { problem, matched }, searchInput }: SearchFieldProps) {
  return (
    <div className="row search-field">
      <input
        aria-label="Search functions: text, or /regular expression/"
        ref={searchInput}
        type="search"
        data-testid="search-input"
        placeholder="Search functions, or /regex/"
        spellCheck={false}
        autoComplete="off"
        value={state.q ?? ''}
        aria-invalid={problem !== null}
        onChange={(event) => onChange({ q: event.target.value || undefined }, true)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onChange({ q: undefined }, true);
        }}
      />
      <span className="search-summary" data-testid="search-summary" role="status">
        {problem === null ? null : <span className="field-error">{problem}</span>}
        {matched === null ? null : summaryOf(matched)}
      </span>
    </div>
  );
}

function summaryOf({ nodes, share }: Matched): string {
  return nodes === 0 ? 'no match' : `${countOf(nodes, 'node')}, ${formatShare(share, 1)} of total`;
}
