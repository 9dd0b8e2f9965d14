import { DAY_MS, DAYS, HOUR_MS, type StoredFleet } from './query-data.ts';

/** One thing that people ask for. */
export interface QueryCase {
  readonly name: string;
  readonly path: string;
  /** What the median may take on an idle machine of two cores, warm. */
  readonly targetMs?: number;
}

const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
const MINUTE_MS = 60_000;

interface Range {
  readonly from: number;
  readonly to: number;
}

/** The cases whose times have a bound, and a few that show where time goes. */
export function queryCases({ toMs }: StoredFleet): readonly QueryCase[] {
  const last = (ms: number): Range => ({ from: toMs - ms, to: toMs });
  const month = last(DAYS * DAY_MS - HOUR_MS);
  const service = `${CPU}{service_name="service-3"}`;
  const fleet = `${CPU}{}`;
  const instance = `${CPU}{service_name="service-3",instance="10.0.3.2:6060"}`;
  const tree = (query: string, range: Range): string =>
    path('flamegraph', { query, ...range, format: 'columns' });
  const timeline = (query: string, range: Range, groupBy?: string): string =>
    path('timeline', { query, ...range, ...(groupBy === undefined ? {} : { group_by: groupBy }) });
  const hours = (count: number): Range => last(count * HOUR_MS);
  const { from } = hours(1);
  const diff = path('flamegraph/diff', {
    left_query: service,
    left_from: from - HOUR_MS,
    left_to: from,
    right_query: service,
    right_from: from,
    right_to: toMs,
    format: 'columns',
  });
  return [
    { name: 'one service 1 h', path: tree(service, hours(1)), targetMs: 40 },
    { name: 'one service 6 h', path: tree(service, hours(5.7)), targetMs: 80 },
    { name: 'one service 30 d', path: tree(service, month), targetMs: 150 },
    { name: 'fleet 1 h', path: tree(fleet, hours(1)), targetMs: 250 },
    { name: 'fleet 30 d', path: tree(fleet, month), targetMs: 600 },
    { name: 'instance 5 min', path: tree(instance, last(5 * MINUTE_MS)), targetMs: 20 },
    { name: 'diff 1 h / 1 h', path: diff },
    { name: 'timeline service 6 h', path: timeline(service, hours(5.7)), targetMs: 15 },
    { name: 'timeline fleet 6 h', path: timeline(fleet, hours(5.7), 'service_name'), targetMs: 25 },
    { name: 'timeline service 30 d', path: timeline(service, month), targetMs: 60 },
    { name: 'timeline fleet 30 d', path: timeline(fleet, month, 'service_name'), targetMs: 60 },
    { name: 'label names', path: path('labels', { query: '{}', ...hours(1) }), targetMs: 15 },
    {
      name: 'label values',
      path: path('labels/instance/values', { query: '{}', ...hours(1) }),
      targetMs: 15,
    },
    { name: 'top 1 h', path: path('top', { query: service, ...hours(1) }) },
    {
      name: 'one service 1 h, focus',
      path: `${tree(service, hours(1))}&focus=pricing`,
    },
  ];
}

let views = 0;

/** The same profiles as another tree of about the same size each time, where the path asks for a tree. */
export function otherView(path: string): string {
  return path.includes('format=columns') ? `${path}&max_nodes=${16_384 - (++views % 2000)}` : path;
}

/** What ten people look at at once: the services differ, so that nothing is shared. */
export function crowdPaths({ toMs }: StoredFleet): readonly string[] {
  return Array.from({ length: 10 }, (_, person) => {
    const query = `${CPU}{service_name="service-${person + 4}"}`;
    return path('flamegraph', { query, from: toMs - HOUR_MS, to: toMs, format: 'columns' });
  });
}

/** The whole fleet with all of its nodes. */
export function largestPath({ toMs }: StoredFleet): string {
  const range = { from: toMs - HOUR_MS, to: toMs };
  return path('flamegraph', { query: `${CPU}{}`, ...range, format: 'columns', max_nodes: 1_000_000 });
}

/** The same service over longer and longer ranges, hours at first. */
export function growthPaths({
  toMs,
}: StoredFleet): readonly { readonly hours: number; readonly path: string }[] {
  const query = `${CPU}{service_name="service-3"}`;
  return [1, 3, 6, 24, 24 * 7, 24 * DAYS - 1].map((hours) => ({
    hours,
    path: path('flamegraph', { query, from: toMs - hours * HOUR_MS, to: toMs, format: 'columns' }),
  }));
}

/** The newest profile of a service, by its id. */
export async function singleProfileCase(url: string, { toMs }: StoredFleet): Promise<QueryCase> {
  const query = `${CPU}{service_name="service-3"}`;
  const list = path('profiles', { query, from: toMs - HOUR_MS, to: toMs, limit: 1 });
  const { profiles } = (await (await fetch(url + list)).json()) as { profiles: readonly { id: string }[] };
  const id = encodeURIComponent(profiles[0]?.id ?? '');
  return { name: 'single profile', path: path(`profiles/${id}`, { format: 'columns' }), targetMs: 15 };
}

function path(call: string, params: Readonly<Record<string, string | number>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) search.set(name, String(value));
  return `/api/v1/${call}?${search.toString()}`;
}
