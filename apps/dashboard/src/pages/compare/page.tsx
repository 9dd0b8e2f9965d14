import { CompareSetup } from './compare-setup.tsx';
import type { CompareSearch } from './search.ts';
import { CompareView } from './compare-view.tsx';
import { readComparison } from './comparison.ts';
import { useSearchState } from '../../url/search-state.ts';
import { SideCard } from './side-card.tsx';
import { EmptyState } from '../../ui/states.tsx';
import './compare.css';

/** Two selections of one service side by side and as a diff. */
export function ComparePage() {
  const [search, change] = useSearchState<CompareSearch>();
  const comparison = readComparison(search);
  return (
    <>
      <title>Compare · Everflame</title>
      <h1 className="page-title">Compare</h1>
      <CompareSetup comparison={comparison} onChange={change} />
      {comparison === null ? (
        <EmptyState title="Choose a service to compare">
          <p>
            The page opens with the last hour against the hour before. Each side then takes its own labels and
            range.
          </p>
        </EmptyState>
      ) : (
        <>
          <div className="sides">
            <SideCard side="left" comparison={comparison} onChange={change} />
            <SideCard side="right" comparison={comparison} onChange={change} />
          </div>
          <CompareView comparison={comparison} search={search} onChange={change} />
        </>
      )}
    </>
  );
}
