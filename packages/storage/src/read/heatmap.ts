import { InvalidArgumentError, type ProfileKind } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { commonestKind, expectedKind } from '../kinds.ts';
import { allOf, type Sql, SqlParams } from '../sql.ts';
import { PROFILE_READ_SETTINGS, profileConditions, type ProfileFilter } from './profile-filter.ts';

export const MAX_HEATMAP_CELLS = 200_000;

export interface HeatmapOptions {
  /** Width of a time bucket; bucket i covers `[fromMs + i * stepMs, fromMs + (i + 1) * stepMs)`. */
  readonly stepMs: number;
  /** Rows; fewer come back where all profiles are alike. */
  readonly valueBuckets: number;
  /** `log` makes rows of equal ratio above the smallest positive value; what is smaller lies in the first row. */
  readonly scale: 'linear' | 'log';
}

/** How the profiles of a range are distributed over time and size. */
export interface Heatmap {
  readonly kind: ProfileKind;
  readonly buckets: number;
  /**
   * Lower edges of the rows, ascending; row i ends where row i + 1 begins, the last one holds `max` too. Interval:
   * total per second of the profile's duration. Others: total. Empty where nothing matched.
   */
  readonly edges: Float64Array;
  readonly max: number;
  /** Profiles per cell: that of time bucket t and row v is at `v * buckets + t`. */
  readonly counts: Uint32Array;
  readonly profiles: number;
  /** Interval profiles without a duration: they have no rate. */
  readonly withoutDuration: number;
  readonly otherKindProfiles: number;
}

/** Counts profiles per time bucket and size. Throws `invalid_step` for a grid that is too fine. */
export async function heatmap(
  clickhouse: ClickHouse,
  filter: ProfileFilter,
  options: HeatmapOptions,
): Promise<Heatmap> {
  const buckets = bucketsOf(filter, options);
  const sizes = await clickhouse.select(selectSizeRange(filter), PROFILE_READ_SETTINGS);
  const codes = sizes.numbers('kind');
  const profilesByKind = sizes.numbers('profiles');
  const kind = commonestKind(codes, profilesByKind) ?? expectedKind(filter.profileTypeId);
  const row = sizes.strings('kind_name').indexOf(kind);
  const sized = sizes.numbers('sized')[row] ?? 0;
  const profiles = profilesByKind[row] ?? 0;
  const [min, minPositive, max] = ['min_size', 'min_positive', 'max_size'].map(
    (name) => sizes.numbers(name)[row] ?? 0,
  ) as [number, number, number];
  const base = {
    kind,
    buckets,
    max,
    profiles,
    withoutDuration: profiles - sized,
    otherKindProfiles: profilesByKind.reduce((all, count) => all + count, 0) - profiles,
  };
  if (sized === 0) return { ...base, edges: new Float64Array(0), counts: new Uint32Array(0) };
  const edges = edgesOf({ min, minPositive, max }, options);
  const cells = await clickhouse.select(
    selectSizeCounts(filter, { kind, stepMs: options.stepMs, edges }),
    PROFILE_READ_SETTINGS,
  );
  const counts = new Uint32Array(edges.length * buckets);
  const columns = cells.numbers('bucket');
  const rows = cells.numbers('edge');
  cells.numbers('profiles').forEach((count, i) => {
    const at = ((rows[i] ?? 1) - 1) * buckets + (columns[i] ?? 0);
    counts[at] = (counts[at] ?? 0) + count;
  });
  return { ...base, edges, counts };
}

function bucketsOf(filter: ProfileFilter, { stepMs, valueBuckets }: HeatmapOptions): number {
  const buckets = Math.ceil((filter.toMs - filter.fromMs) / stepMs);
  const isGrid =
    Number.isInteger(stepMs) && stepMs >= 1 && Number.isInteger(valueBuckets) && valueBuckets >= 1;
  if (!isGrid || !(buckets * valueBuckets <= MAX_HEATMAP_CELLS)) {
    throw new InvalidArgumentError(`A grid of ${buckets} by ${valueBuckets} cells cannot be counted.`, {
      code: 'invalid_step',
      hint: `A heatmap has at most ${MAX_HEATMAP_CELLS} cells; choose a longer step or fewer rows.`,
    });
  }
  return buckets;
}

/** At most `valueBuckets` ascending numbers, of which the first is not above `min`. */
function edgesOf(
  { min, minPositive, max }: { min: number; minPositive: number; max: number },
  { valueBuckets, scale }: HeatmapOptions,
): Float64Array {
  const isLog = scale === 'log' && minPositive > 0;
  const first = isLog ? minPositive : min;
  const edges = Array.from({ length: valueBuckets }, (_, i) =>
    isLog ? first * (max / first) ** (i / valueBuckets) : first + ((max - first) * i) / valueBuckets,
  );
  edges[0] = Math.min(min, first);
  return Float64Array.from(new Set(edges)).toSorted();
}

const SIZE = "if(kind = 'interval', toFloat64(total) * 1000 / duration_ms, toFloat64(total))";
const HAS_SIZE = "(kind != 'interval' OR duration_ms > 0)";

/** The smallest and largest profile, per kind. */
export function selectSizeRange(filter: ProfileFilter): Sql {
  const params = new SqlParams();
  return params.sql(`SELECT kind, toString(kind) AS kind_name, toUInt32(count()) AS profiles, toUInt32(countIf(${HAS_SIZE})) AS sized,
  minIf(${SIZE}, ${HAS_SIZE}) AS min_size, minIf(${SIZE}, ${HAS_SIZE} AND total > 0) AS min_positive,
  maxIf(${SIZE}, ${HAS_SIZE}) AS max_size
FROM profiles FINAL
WHERE ${allOf(profileConditions(filter, params))}
GROUP BY kind`);
}

/** Profiles per time bucket and row; rows count from 1. */
export function selectSizeCounts(
  filter: ProfileFilter,
  grid: { readonly kind: ProfileKind; readonly stepMs: number; readonly edges: Float64Array },
): Sql {
  const params = new SqlParams();
  const conditions = profileConditions(filter, params);
  const start = params.bind('start', 'Int64', filter.fromMs);
  const step = params.bind('step', 'Int64', grid.stepMs);
  const edges = params.bind('edges', 'Array(Float64)', [...grid.edges]);
  return params.sql(`SELECT toUInt32(intDiv(toUnixTimestamp64Milli(ts) - ${start}, ${step})) AS bucket,
  toUInt32(indexOf(${edges}, roundDown(${SIZE}, ${edges}))) AS edge, toUInt32(count()) AS profiles
FROM profiles FINAL
WHERE ${allOf([...conditions, `kind = ${params.bind('kind', 'String', grid.kind)}`, HAS_SIZE])}
GROUP BY bucket, edge`);
}
