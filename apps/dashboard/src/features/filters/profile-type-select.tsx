import type { ProfileTypesResponse } from '@everflame/contract';
import { visibleText } from '@everflame/profile';
import { SelectField } from '../../ui/controls.tsx';

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
    <SelectField
      label="Profile"
      testId="profile-type-select"
      value={value}
      options={[
        ...(isKnown ? [] : [[value, `${visibleText(value)} (not in this range)`] as const]),
        ...types.map((type) => [type.id, nameOf(type)] as const),
      ]}
      onChange={onChange}
    />
  );
}

function nameOf({ name, sampleType, sampleUnit, kind }: ProfileTypes[number]): string {
  return `${visibleText(`${name} · ${sampleType} (${sampleUnit}`)}${KIND_NOTE[kind]})`;
}
