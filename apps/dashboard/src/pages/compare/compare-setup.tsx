import { visibleText } from '@everflame/profile';
import { useQuery } from '@tanstack/react-query';
import { profileTypesQuery, servicesQuery, type Normalize } from '../../api/queries.ts';
import { WHOLE_TREE } from '../../features/flamegraph/workspace/workspace-state.ts';
import type { ChangeComparison } from './search.ts';
import { DEFAULT_RANGE, previousRange } from '../../time/range.ts';
import { selectorFor } from '../../features/filters/matchers.ts';
import { defaultType, ProfileTypeSelect } from '../../features/filters/profile-type-select.tsx';
import { sideSearch, type Comparison } from './comparison.ts';

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
    const types = offered.find((offer) => offer.name === name)?.types ?? [];
    const type = types.some(({ id }) => id === comparison?.type)
      ? (comparison?.type ?? DEFAULT_TYPE)
      : (types.find(({ id }) => id === DEFAULT_TYPE)?.id ?? types[0]?.id ?? DEFAULT_TYPE);
    const query = selectorFor(type, name, []);
    const right = comparison?.right.range ?? DEFAULT_RANGE;
    const left = comparison?.left.range ?? previousRange(right, Date.now());
    onChange({ ...WHOLE_TREE, ...sideSearch('left', query, left), ...sideSearch('right', query, right) });
  };
  return (
    <div className="controls">
      <label className="field inline">
        <span>Service</span>
        <select
          data-testid="compare-service"
          value={service}
          onChange={(event) => choose(event.target.value)}
        >
          {service === '' ? <option value="">Choose a service</option> : null}
          {names.map((name) => (
            <option key={name} value={name}>
              {visibleText(name)}
            </option>
          ))}
        </select>
      </label>
      {comparison === null ? null : <SharedType comparison={comparison} onChange={onChange} />}
      {comparison === null ? null : <NormalizeSelect value={comparison.normalize} onChange={onChange} />}
    </div>
  );
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

function NormalizeSelect({ value, onChange }: { value: Normalize; onChange: ChangeComparison }) {
  return (
    <label className="field inline">
      <span>Scale</span>
      <select
        data-testid="normalize-select"
        value={value}
        title="How both sides are made comparable"
        onChange={(event) => onChange({ normalize: event.target.value as Normalize })}
      >
        <option value="none">totals as they are</option>
        <option value="share">share of each side</option>
        <option value="instance_seconds">per instance and second</option>
      </select>
    </label>
  );
}
