import { WHOLE_TREE } from '../../features/flamegraph/workspace/workspace-state.ts';
import type { TimeRange } from '../../time/range.ts';
import { RangeForm } from '../../ui/range-form.tsx';
import { LabelFilters } from '../../features/filters/label-filters.tsx';
import { selectorFor } from '../../features/filters/matchers.ts';
import { TimelinePanel } from '../../features/timeline/timeline-panel.tsx';
import type { ChangeComparison } from './search.ts';
import { sideSearch, type Comparison, type SideName } from './comparison.ts';

const TITLES: Readonly<Record<SideName, string>> = { left: 'Before', right: 'After' };

interface SideCardProps {
  readonly side: SideName;
  readonly comparison: Comparison;
  readonly onChange: ChangeComparison;
}

/** Labels and range of one side, with its timeline to choose from. */
export function SideCard({ side, comparison, onChange }: SideCardProps) {
  const { type, service } = comparison;
  const { query, range, matchers } = comparison[side];
  const set = (nextQuery: string, nextRange: TimeRange): void =>
    onChange({ ...WHOLE_TREE, ...sideSearch(side, nextQuery, nextRange) });
  return (
    <section className="panel stack side-card" data-side={side} aria-label={TITLES[side]}>
      <header className="row side-head">
        <h2>{TITLES[side]}</h2>
        <LabelFilters
          label={`${TITLES[side]}: label filters`}
          scope={selectorFor('', service, [])}
          range={range}
          matchers={matchers}
          onChange={(next) => set(selectorFor(type, service, next), range)}
        />
      </header>
      <RangeForm
        key={`${range.from} ${range.to}`}
        className="row side-range"
        names={{ from: <EndName of={TITLES[side]} end="from" />, to: <EndName of={TITLES[side]} end="to" /> }}
        range={range}
        onApply={(next) => set(query, next)}
      >
        {(problem) => (
          <>
            <button type="submit">Apply</button>
            {problem}
          </>
        )}
      </RangeForm>
      <TimelinePanel title={TITLES[side]} query={query} range={range} onSelect={(next) => set(query, next)} />
    </section>
  );
}

function EndName({ of, end }: { of: string; end: string }) {
  return (
    <>
      <span className="visually-hidden">{of}: </span>
      {end}
    </>
  );
}
