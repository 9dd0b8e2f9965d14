import { visibleText } from '@everflame/profile';
import { useQuery } from '@tanstack/react-query';
import { labelNamesQuery } from '../../api/queries.ts';
import type { TimeRange } from '../../time/range.ts';

interface SplitSelectProps {
  readonly scope: string;
  readonly range: TimeRange;
  readonly value: string | undefined;
  readonly onChange: (name: string | undefined) => void;
}

/** Splits a timeline into one line per value of a label. */
export function SplitSelect({ scope, range, value, onChange }: SplitSelectProps) {
  const names = useQuery(labelNamesQuery(scope, range));
  const offered = (names.data?.names ?? []).filter(
    (name) => name !== 'service_name' && !name.startsWith('__'),
  );
  if (value !== undefined && !offered.includes(value)) offered.push(value);
  return (
    <label className="field inline split-select">
      <span>Split by</span>
      <select value={value ?? ''} onChange={(event) => onChange(event.target.value || undefined)}>
        <option value="">nothing</option>
        {offered.map((name) => (
          <option key={name} value={name}>
            {visibleText(name)}
          </option>
        ))}
      </select>
    </label>
  );
}
