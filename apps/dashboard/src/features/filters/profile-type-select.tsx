import type { ProfileTypesResponse } from '@everflame/contract';
import { visibleText } from '@everflame/profile';

type ProfileTypes = ProfileTypesResponse['profileTypes'];

const PREFERRED = [
  /^process_cpu:cpu:/,
  /^process_cpu:/,
  /^wall:wall:/,
  /^wall:/,
  /^memory:inuse_space:/,
  /^memory:/,
];

/** The type that a page opens with: CPU where there is CPU, then wall time, then memory. */
export function defaultType(types: ProfileTypes): string {
  for (const wanted of PREFERRED) {
    const found = types.find((type) => wanted.test(type.id));
    if (found) return found.id;
  }
  return types[0]?.id ?? '';
}

const KIND_NOTE = { interval: '', gauge: ', level', cumulative: ', since start' } as const;

interface ProfileTypeSelectProps {
  readonly types: ProfileTypes;
  readonly value: string;
  readonly onChange: (id: string) => void;
}

/** Picks a profile type; one from the URL that does not exist in the range stays choosable, and says so. */
export function ProfileTypeSelect({ types, value, onChange }: ProfileTypeSelectProps) {
  const isKnown = types.some((type) => type.id === value);
  return (
    <label className="field inline">
      <span>Profile</span>
      <select
        data-testid="profile-type-select"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {isKnown ? null : <option value={value}>{visibleText(value)} (not in this range)</option>}
        {types.map((type) => (
          <option key={type.id} value={type.id}>
            {visibleText(`${type.name} · ${type.sampleType} (${type.sampleUnit}`)}
            {KIND_NOTE[type.kind]})
          </option>
        ))}
      </select>
    </label>
  );
}
