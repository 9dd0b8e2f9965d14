import { type Matcher, type MatcherOp, visibleText } from '@everflame/profile';
import { useQuery } from '@tanstack/react-query';
import { useId, useState, type FormEvent } from 'react';
import { labelNamesQuery, labelValuesQuery } from '../../api/queries.ts';
import type { TimeRange } from '../../time/range.ts';
import { ErrorState } from '../../ui/states.tsx';

const OPS: readonly (readonly [op: MatcherOp, label: string])[] = [
  ['=', 'is'],
  ['!=', 'is not'],
  ['=~', 'matches'],
  ['!~', 'does not match'],
];

interface LabelFiltersProps {
  /** Selector whose labels and values are offered. */
  readonly scope: string;
  readonly range: TimeRange;
  readonly matchers: readonly Matcher[];
  readonly onChange: (matchers: readonly Matcher[]) => void;
  /** Names the group for screen readers. */
  readonly label?: string;
}

/** Conditions on labels as removable chips, with a form that offers the labels and values that exist. */
export function LabelFilters({
  scope,
  range,
  matchers,
  onChange,
  label = 'Label filters',
}: LabelFiltersProps) {
  const [isAdding, setAdding] = useState(false);
  return (
    <div className="row" role="group" aria-label={label}>
      {matchers.map((matcher, index) => (
        <span
          key={`${matcher.name}${matcher.op}${matcher.value}`}
          className="chip removable"
          data-testid="filter-chip"
        >
          <span className="chip-name">{visibleText(matcher.name)}</span>
          <span className="chip-op">{matcher.op}</span>
          <span>{visibleText(matcher.value)}</span>
          <button
            type="button"
            aria-label={visibleText(`Remove filter ${matcher.name} ${matcher.op} ${matcher.value}`)}
            onClick={() => onChange(matchers.filter((_, other) => other !== index))}
          >
            ×
          </button>
        </span>
      ))}
      {isAdding ? (
        <FilterForm
          scope={scope}
          range={range}
          onCancel={() => setAdding(false)}
          onAdd={(matcher) => {
            setAdding(false);
            onChange([...matchers, matcher]);
          }}
        />
      ) : (
        <button type="button" className="quiet" data-testid="add-filter" onClick={() => setAdding(true)}>
          + Filter
        </button>
      )}
    </div>
  );
}

interface FilterFormProps extends Pick<LabelFiltersProps, 'scope' | 'range'> {
  readonly onAdd: (matcher: Matcher) => void;
  readonly onCancel: () => void;
}

function FilterForm({ scope, range, onAdd, onCancel }: FilterFormProps) {
  const names = useQuery(labelNamesQuery(scope, range));
  const offered = names.data?.names.filter((name) => name !== 'service_name' && !name.startsWith('__')) ?? [];
  const [chosen, setName] = useState('');
  const [op, setOp] = useState<MatcherOp>('=');
  const [value, setValue] = useState('');
  const name = chosen === '' ? (offered[0] ?? '') : chosen;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name !== '') onAdd({ name, op, value });
  };
  if (names.isError) return <ErrorState error={names.error} onRetry={() => void names.refetch()} />;
  if (names.data && offered.length === 0) {
    return <span className="muted">The profiles in this range carry no other labels.</span>;
  }
  return (
    <form className="row filter-form" onSubmit={submit}>
      <select aria-label="Label" value={name} onChange={(event) => setName(event.target.value)}>
        {offered.map((offer) => (
          <option key={offer} value={offer}>
            {visibleText(offer)}
          </option>
        ))}
      </select>
      <select aria-label="Condition" value={op} onChange={(event) => setOp(event.target.value as MatcherOp)}>
        {OPS.map(([offer, label]) => (
          <option key={offer} value={offer}>
            {label}
          </option>
        ))}
      </select>
      <ValueInput name={name} scope={scope} range={range} value={value} onChange={setValue} />
      <button type="submit" className="primary" disabled={name === ''}>
        Add
      </button>
      <button type="button" className="quiet" onClick={onCancel}>
        Cancel
      </button>
    </form>
  );
}

interface ValueInputProps extends Pick<LabelFiltersProps, 'scope' | 'range'> {
  readonly name: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function ValueInput({ name, scope, range, value, onChange }: ValueInputProps) {
  const id = useId();
  const values = useQuery({ ...labelValuesQuery(name, scope, range), enabled: name !== '' });
  return (
    <>
      <input
        aria-label="Value"
        list={id}
        value={value}
        placeholder="value"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={id}>
        {values.data?.values.map((offer) => (
          <option key={offer} value={offer} label={visibleText(offer)} />
        ))}
      </datalist>
    </>
  );
}
