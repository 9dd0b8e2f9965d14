import type { ProfileTypesResponse } from '@everflame/contract';
import { visibleText } from '@everflame/profile';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { profileTypesQuery } from '../../api/queries.ts';
import { LabelFilters } from '../../features/filters/label-filters.tsx';
import { readFilter, selectorFor, spellFilter } from '../../features/filters/matchers.ts';
import { CompareLinks } from './compare-links.tsx';
import { ServiceFlame } from './service-flame.tsx';
import { defaultType, ProfileTypeSelect } from '../../features/filters/profile-type-select.tsx';
import { TimelinePanel } from '../../features/timeline/timeline-panel.tsx';
import { SplitSelect } from '../../features/timeline/split-select.tsx';
import { describeRange } from '../../time/range.ts';
import { EmptyState, QueryView } from '../../ui/states.tsx';
import { useTimeRange } from '../../ui/time-range-picker.tsx';
import { WHOLE_TREE } from '../../features/flamegraph/workspace/workspace-state.ts';
import { useSearchState } from '../../url/search-state.ts';
import type { ServiceSearch } from './search.ts';
import './service.css';

/** One service: its profile types over time and as a flame graph. */
export function ServicePage() {
  const { service } = useParams({ from: '/services/$service' });
  const { range } = useTimeRange();
  const types = useQuery(profileTypesQuery(selectorFor('', service, []), range));
  return (
    <>
      <title>{`${visibleText(service)} · Everflame`}</title>
      <h1 className="page-title">{visibleText(service)}</h1>
      <QueryView query={types} label="Loading profile types" rows={10}>
        {(answer) =>
          answer.profileTypes.length === 0 ? (
            <EmptyState title={`No profiles of ${visibleText(service)} in this range`}>
              <p>
                Nothing arrived in “{describeRange(range, Date.now())}”. Choose a longer range above, or look
                at the targets to see whether the service is scraped.
              </p>
            </EmptyState>
          ) : (
            <ServiceView service={service} profileTypes={answer.profileTypes} />
          )
        }
      </QueryView>
    </>
  );
}

function ServiceView({ service, profileTypes }: ProfileTypesResponse & { service: string }) {
  const [search, change] = useSearchState<ServiceSearch>();
  const { range, isLive, setRange } = useTimeRange();
  const type = search.type ?? defaultType(profileTypes);
  const filter = readFilter(search.filter);
  const query = selectorFor(type, service, filter.matchers);
  const scope = selectorFor('', service, []);
  return (
    <>
      <div className="row controls">
        <ProfileTypeSelect
          types={profileTypes}
          value={type}
          onChange={(next) => change({ type: next, ...WHOLE_TREE })}
        />
        <LabelFilters
          scope={scope}
          range={range}
          matchers={filter.matchers}
          onChange={(matchers) => change({ filter: spellFilter(matchers), ...WHOLE_TREE })}
        />
        <CompareLinks service={service} query={query} range={range} matchers={filter.matchers} type={type} />
      </div>
      <FilterProblem problem={filter.problem} />
      <section className="panel timeline-panel" aria-label="Timeline">
        <SplitSelect scope={scope} range={range} value={search.by} onChange={(by) => change({ by }, true)} />
        <TimelinePanel
          title={visibleText(type.split(':').slice(0, 2).join(' · '))}
          query={query}
          range={range}
          groupBy={search.by}
          isLive={isLive}
          onSelect={setRange}
        />
      </section>
      <section className="panel" aria-label="Flame graph and table">
        <ServiceFlame
          query={query}
          range={range}
          isLive={isLive}
          state={search}
          onChange={change}
          service={service}
        />
      </section>
    </>
  );
}

function FilterProblem({ problem }: { problem: string | null }) {
  if (problem === null) return null;
  return (
    <p className="notice" role="alert">
      The filter in the address cannot be read and is not applied: {visibleText(problem)}
    </p>
  );
}
