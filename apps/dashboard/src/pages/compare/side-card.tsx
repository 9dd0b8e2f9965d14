import { useId, useState, type FormEvent } from 'react';
import { WHOLE_TREE } from '../../features/flamegraph/workspace/workspace-state.ts';
import { fromInputText, rangeProblem, toInputText, type TimeRange } from '../../time/range.ts';
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
    <section className="panel side-card" data-side={side} aria-label={TITLES[side]}>
      <header className="side-head">
        <h2>{TITLES[side]}</h2>
        <LabelFilters
          label={`${TITLES[side]}: label filters`}
          scope={selectorFor('', service, [])}
          range={range}
          matchers={matchers}
          onChange={(next) => set(selectorFor(type, service, next), range)}
        />
      </header>
      <RangeFields
        key={`${range.from} ${range.to}`}
        title={TITLES[side]}
        range={range}
        onApply={(next) => set(query, next)}
      />
      <TimelinePanel title={TITLES[side]} query={query} range={range} onSelect={(next) => set(query, next)} />
    </section>
  );
}

interface RangeFieldsProps {
  readonly title: string;
  readonly range: TimeRange;
  readonly onApply: (range: TimeRange) => void;
}

function RangeFields({ title, range, onApply }: RangeFieldsProps) {
  const id = useId();
  const [from, setFrom] = useState(() => toInputText(range.from, Date.now()));
  const [to, setTo] = useState(() => toInputText(range.to, Date.now()));
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const now = Date.now();
    const next = { from: fromInputText(from, now), to: fromInputText(to, now) };
    const found = rangeProblem(next, now);
    setProblem(found);
    if (found === null) onApply(next);
  };
  return (
    <form className="side-range" onSubmit={submit} noValidate>
      <label htmlFor={`${id}-from`}>
        <span className="visually-hidden">{title}: </span>from
      </label>
      <input
        id={`${id}-from`}
        value={from}
        spellCheck={false}
        onChange={(event) => setFrom(event.target.value)}
      />
      <label htmlFor={`${id}-to`}>
        <span className="visually-hidden">{title}: </span>to
      </label>
      <input id={`${id}-to`} value={to} spellCheck={false} onChange={(event) => setTo(event.target.value)} />
      <button type="submit">Apply</button>
      {problem === null ? null : (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
