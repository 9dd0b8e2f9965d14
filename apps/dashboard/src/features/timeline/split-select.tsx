import { visibleText } from '@everflame/profile';
import { useQuery } from '@tanstack/react-query';
import { labelNamesQuery } from '../../api/queries.ts';
import type { TimeRange } from '../../time/range.ts';
import { SelectField } from '../../ui/controls.tsx';

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
    <SelectField
      label="Split by"
      className="split-select"
      value={value ?? ''}
      options={[['', 'nothing'], ...offered.map((name) => [name, visibleText(name)] as const)]}
      onChange={(name) => onChange(name || undefined)}
    />
  );
}
