import { useNavigate, useSearch } from '@tanstack/react-router';
import { CompareSetup } from './compare-setup.tsx';
import type { ChangeComparison } from './search.ts';
import { CompareView } from './compare-view.tsx';
import { readComparison } from './comparison.ts';
import { SideCard } from './side-card.tsx';
import { EmptyState } from '../../ui/states.tsx';
import './compare.css';

/** Two selections of one service side by side and as a diff. */
export function ComparePage() {
  const search = useSearch({ from: '/compare' });
  const navigate = useNavigate({ from: '/compare' });
  const change: ChangeComparison = (next, replace = false) =>
    void navigate({ search: (previous) => ({ ...previous, ...next }), replace });
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
