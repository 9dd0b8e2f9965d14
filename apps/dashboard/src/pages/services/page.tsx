import type { ServicesResponse } from '@everflame/contract';
import { useQuery } from '@tanstack/react-query';
import { servicesQuery, timelineQuery } from '../../api/queries.ts';
import { FirstRun } from './first-run.tsx';
import { arrangeRows, serviceRows } from './service-row.ts';
import { ServicesTable } from './services-table.tsx';
import { describeRange, formatAgo, isMoving, type TimeRange } from '../../time/range.ts';
import { EmptyState, QueryView } from '../../ui/states.tsx';
import { LIVE_INTERVAL_MS, useTimeRange } from '../../ui/time-range-picker.tsx';
import type { ServicesSearch } from './search.ts';
import { useSearchState } from '../../url/search-state.ts';
import { FilterField, SelectField } from '../../ui/controls.tsx';
import { countOf } from '../../ui/count.ts';
import './services.css';

const CPU_EVERYWHERE = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds{}';
const FIRST_RUN_INTERVAL_MS = 3000;
const OVERVIEW_INTERVAL_MS = 15_000;
const ORDERS = [
  ['cpu', 'CPU'],
  ['heap', 'Heap'],
  ['change', 'Growth'],
  ['name', 'Name'],
] as const;

/** The list of services, or help for the first profile. */
export function ServicesPage() {
  const { range, isLive } = useTimeRange();
  const services = useQuery({
    ...servicesQuery(range),
    refetchInterval: (query) => {
      if (query.state.data?.services.length === 0) return FIRST_RUN_INTERVAL_MS;
      return overviewInterval(range, isLive);
    },
  });
  return (
    <>
      <title>Services · Everflame</title>
      <h1 className="page-title">Services</h1>
      <QueryView query={services} label="Loading services">
        {(answer) => (answer.services.length === 0 ? <NoServices /> : <ServiceList answer={answer} />)}
      </QueryView>
    </>
  );
}

/** An overview that ends now follows what comes in, if more slowly than a live one. */
function overviewInterval(range: TimeRange, isLive: boolean): number | false {
  if (isLive) return LIVE_INTERVAL_MS;
  return isMoving(range) ? OVERVIEW_INTERVAL_MS : false;
}

function NoServices() {
  const { range, setRange } = useTimeRange();
  const ever = useQuery({
    ...servicesQuery({ from: 'now-30d', to: 'now' }),
    refetchInterval: FIRST_RUN_INTERVAL_MS,
  });
  const newest = Math.max(0, ...(ever.data?.services.map((service) => service.lastSeen) ?? []));
  if (ever.isPending) return <EmptyState title="No profiles in this range" />;
  if (newest === 0) {
    return (
      <EmptyState title="No profiles yet">
        <FirstRun />
      </EmptyState>
    );
  }
  const span = 3_600_000;
  return (
    <EmptyState title="No profiles in this range">
      <p>
        Nothing arrived in “{describeRange(range, Date.now())}”. The newest profile is from{' '}
        {formatAgo(newest, Date.now())}.
      </p>
      <button
        type="button"
        className="primary"
        onClick={() => setRange({ from: String(newest - span), to: String(newest + 1000) })}
      >
        Show the hour before it
      </button>
    </EmptyState>
  );
}

function ServiceList({ answer }: { answer: ServicesResponse }) {
  const { range, isLive } = useTimeRange();
  const [search] = useSearchState<ServicesSearch>();
  const timeline = useQuery({
    ...timelineQuery(CPU_EVERYWHERE, range, 'service_name'),
    refetchInterval: overviewInterval(range, isLive),
  });
  const groups = timeline.data?.groups ?? [];
  const trends = groups.map(({ labels, values }) => [labels['service_name'] ?? '', values] as const);
  const all = serviceRows(answer);
  const rows = arrangeRows(all, search);
  return (
    <>
      <ListControls shown={rows.length} total={all.length} />
      {rows.length === 0 ? (
        <EmptyState title={`No service is called “${search.q ?? ''}”`}>
          <p>Clear the filter to see all {all.length} services.</p>
        </EmptyState>
      ) : (
        <section className="panel flush">
          <ServicesTable rows={rows} trends={new Map(trends)} />
        </section>
      )}
    </>
  );
}

function ListControls({ shown, total }: { shown: number; total: number }) {
  const [search, change] = useSearchState<ServicesSearch>();
  return (
    <div className="row controls">
      <FilterField
        label="Filter services by name"
        placeholder="Filter services"
        value={search.q}
        onChange={(q) => change({ q }, true)}
      />
      <SelectField
        label="Sort by"
        value={search.sort ?? 'cpu'}
        options={ORDERS}
        onChange={(sort) => change({ sort }, true)}
      />
      <span className="muted" role="status">
        {shown === total ? countOf(total, 'service') : `${shown} of ${total} services`}
      </span>
    </div>
  );
}
