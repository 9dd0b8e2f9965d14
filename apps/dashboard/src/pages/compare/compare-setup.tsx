import { visibleText } from '@everflame/profile';
import { useQuery } from '@tanstack/react-query';
import { profileTypesQuery, servicesQuery } from '../../api/queries.ts';
import { WHOLE_TREE } from '../../features/flamegraph/workspace/workspace-state.ts';
import type { ChangeComparison, CompareSearch } from './search.ts';
import { DEFAULT_RANGE, previousRange } from '../../time/range.ts';
import { selectorFor } from '../../features/filters/matchers.ts';
import { defaultType, ProfileTypeSelect } from '../../features/filters/profile-type-select.tsx';
import { sideSearch, type Comparison } from './comparison.ts';
import { SelectField } from '../../ui/controls.tsx';

const DEFAULT_TYPE = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
/** Services and types are offered from everything that either side may look at. */
const OFFER_RANGE = { from: 'now-7d', to: 'now' };

/** Chooses what both sides share: service, profile type and scale. */
export function CompareSetup({
  comparison,
  onChange,
}: {
  comparison: Comparison | null;
  onChange: ChangeComparison;
}) {
  const services = useQuery(servicesQuery(OFFER_RANGE));
  const offered = services.data?.services ?? [];
  const service = comparison?.service ?? '';
  const names = offered.map(({ name }) => name);
  if (service !== '' && !names.includes(service)) names.push(service);
  const choose = (name: string): void => {
    const types = offered.find((offer) => offer.name === name)?.types.map(({ id }) => id) ?? [];
    const wanted = [comparison?.type ?? DEFAULT_TYPE, DEFAULT_TYPE];
    const type = wanted.find((id) => types.includes(id)) ?? types[0] ?? DEFAULT_TYPE;
    onChange({ ...WHOLE_TREE, ...sidesOf(selectorFor(type, name, []), comparison) });
  };
  return (
    <div className="row controls">
      <SelectField
        label="Service"
        testId="compare-service"
        value={service}
        options={[
          ...(service === '' ? [['', 'Choose a service'] as const] : []),
          ...names.map((name) => [name, visibleText(name)] as const),
        ]}
        onChange={choose}
      />
      {comparison === null ? null : <SharedType comparison={comparison} onChange={onChange} />}
      {comparison === null ? null : (
        <SelectField
          label="Scale"
          testId="normalize-select"
          title="How both sides are made comparable"
          value={comparison.normalize}
          options={SCALES}
          onChange={(normalize) => onChange({ normalize })}
        />
      )}
    </div>
  );
}

/** One query on both sides, in the ranges that they have. */
function sidesOf(query: string, comparison: Comparison | null): CompareSearch {
  const right = comparison?.right.range ?? DEFAULT_RANGE;
  const left = comparison?.left.range ?? previousRange(right, Date.now());
  return { ...sideSearch('left', query, left), ...sideSearch('right', query, right) };
}

function SharedType({ comparison, onChange }: { comparison: Comparison; onChange: ChangeComparison }) {
  const { service, left, right } = comparison;
  const types = useQuery(profileTypesQuery(selectorFor('', service, []), OFFER_RANGE));
  const offered = types.data?.profileTypes ?? [];
  const change = (type: string): void =>
    onChange({
      ...WHOLE_TREE,
      ...sideSearch('left', selectorFor(type, service, left.matchers), left.range),
      ...sideSearch('right', selectorFor(type, service, right.matchers), right.range),
    });
  return (
    <ProfileTypeSelect types={offered} value={comparison.type || defaultType(offered)} onChange={change} />
  );
}

const SCALES = [
  ['none', 'totals as they are'],
  ['share', 'share of each side'],
  ['instance_seconds', 'per instance and second'],
] as const;
