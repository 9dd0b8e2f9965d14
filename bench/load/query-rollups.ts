import { type ClickHouse, runRollups } from '@everflame/storage';
import { printLine } from './figures.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Later than whatever the scheduled fold wrote. */
const VERSION = 4_102_444_800_000;

/**
 * Folds the raw hours before `toMs`, the start of a day, and repeats them back to fill `days` of hour and day rows, as
 * if the fleet had been the same all the time.
 */
export async function writeRollups(
  clickhouse: ClickHouse,
  { rawFromMs, toMs }: { readonly rawFromMs: number; readonly toMs: number },
  days: number,
): Promise<void> {
  const run = (text: string): Promise<void> =>
    clickhouse.command({ text, params: {} }, { max_partitions_per_insert_block: '0' });
  while ((await runRollups(clickhouse)).isBehind) printLine('  folded some hours');
  const firstMs = Math.ceil(rawFromMs / HOUR_MS) * HOUR_MS;
  // With the name of the table, since the name alone is the time that a copy gets.
  const source = `profiles_1h.ts >= ${secondsOf(firstMs)} AND profiles_1h.ts < ${secondsOf(toMs)}`;
  const keptFrom = Math.floor(rawFromMs / HOUR_MS) * HOUR_MS;
  for (let backMs = toMs - firstMs; backMs < days * DAY_MS; backMs += toMs - firstMs) {
    const copied = `ts - ${backMs / 1000} AS ts, ${VERSION} AS ver`;
    await run(`INSERT INTO profiles_1h SELECT * REPLACE (${copied}) FROM profiles_1h FINAL
WHERE ${source} AND profiles_1h.ts < ${secondsOf(keptFrom + backMs)}`);
  }
  printLine('  wrote the hours');
  for (const dayMs of [toMs - DAY_MS, toMs - 2 * DAY_MS]) await run(insertDay(dayMs));
  for (let day = 3; day <= days; day++) {
    await run(`INSERT INTO profiles_1d SELECT * REPLACE (ts - ${((day - 2) * DAY_MS) / 1000} AS ts)
FROM profiles_1d FINAL WHERE profiles_1d.ts = ${secondsOf(toMs - 2 * DAY_MS)}`);
  }
  const fromMs = toMs - days * DAY_MS;
  for (const [level, size] of [
    ['hour', HOUR_MS],
    ['day', DAY_MS],
  ] as const) {
    await run(`INSERT INTO rollup_state (level, bucket, tenant, service, version)
SELECT '${level}', toDateTime(${fromMs / 1000} + number * ${size / 1000}, 'UTC'), '', '', ${VERSION}
FROM numbers(${(toMs - fromMs) / size})`);
  }
  for (const table of ['profiles_1h', 'profiles_1d', 'rollup_state'])
    await run(`OPTIMIZE TABLE ${table} FINAL`);
}

function insertDay(dayMs: number): string {
  return `INSERT INTO profiles_1d SELECT tenant, max(retention_days), type, kind, service, fp,
  ${secondsOf(dayMs)}, ${VERSION}, sum(profiles), sum(duration_ms), sum(total),
  (sumMap(stacks, vals) AS merged).1, merged.2
FROM profiles_1h FINAL
WHERE profiles_1h.ts >= ${secondsOf(dayMs)} AND profiles_1h.ts < ${secondsOf(dayMs + DAY_MS)}
GROUP BY tenant, type, kind, service, fp
SETTINGS max_threads = 1`;
}

function secondsOf(timeMs: number): string {
  return `toDateTime(${timeMs / 1000}, 'UTC')`;
}
