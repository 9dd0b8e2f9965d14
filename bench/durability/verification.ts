import { type ClickHouse, listProfiles, loadFrames, loadStacks, mergeStacks } from '@everflame/storage';
import { CPU } from './accounting.ts';
import type { LoadClient } from './load-client.ts';

/** What is wrong with what is stored of a client whose profiles are all acknowledged; all 0 where nothing is. */
export interface Faults {
  /** Profiles that cannot be found. */
  lost: number;
  /** Profiles that are found more than once. */
  doubled: number;
  /** Profiles with another total, and stacks of other frames or with another value. */
  wrong: number;
  /** Stacks of profiles that are not stored, or whose frames are not. */
  unresolved: number;
}

/** Profiles that are read at once. */
const WINDOW = 2000;

/** Reads every profile back, and of every 2,000 together the value of each stack and the names of its frames. */
export async function faultsOf(clickhouse: ClickHouse, client: LoadClient): Promise<Faults> {
  const faults: Faults = { lost: 0, doubled: 0, wrong: 0, unresolved: 0 };
  for (let first = 0; first < client.begun; first += WINDOW) {
    await addFaults(clickhouse, client, { first, end: Math.min(first + WINDOW, client.begun) }, faults);
  }
  return faults;
}

async function addFaults(
  clickhouse: ClickHouse,
  client: LoadClient,
  { first, end }: { readonly first: number; readonly end: number },
  faults: Faults,
): Promise<void> {
  const filter = {
    tenant: 'default',
    profileTypeId: CPU,
    matchers: [{ name: 'service_name', op: '=', value: client.service } as const],
    fromMs: client.fromMs + first,
    toMs: client.fromMs + end,
  };
  const found = await listProfiles(clickhouse, filter, 2 * WINDOW);
  const totals = new Map<number, number[]>();
  for (const { timeMs, total } of found) {
    totals.set(timeMs - client.fromMs, [...(totals.get(timeMs - client.fromMs) ?? []), total]);
  }
  const expected = new Map<string, number>();
  for (let index = first; index < end; index++) {
    let total = 0;
    for (const [frames, value] of client.stacksOf(index)) {
      expected.set(frames, (expected.get(frames) ?? 0) + value);
      total += value;
    }
    const [stored, ...copies] = totals.get(index) ?? [];
    if (stored === undefined) faults.lost += 1;
    else if (stored !== total) faults.wrong += 1;
    if (copies.length > 0) faults.doubled += 1;
  }
  const { values, unresolved } = await mergedStacks(clickhouse, filter);
  faults.unresolved += unresolved;
  for (const frames of new Set([...expected.keys(), ...values.keys()])) {
    if (expected.get(frames) !== values.get(frames)) faults.wrong += 1;
  }
}

async function mergedStacks(
  clickhouse: ClickHouse,
  filter: Parameters<typeof mergeStacks>[1],
): Promise<{ readonly values: ReadonlyMap<string, number>; readonly unresolved: number }> {
  const { tenant } = filter;
  const merged = await mergeStacks(clickhouse, filter, { aggregate: 'kind' });
  const stacks = await loadStacks(clickhouse, { tenant, idLo: merged.stackIdLo, idHi: merged.stackIdHi });
  const names = await namesOf(clickhouse, tenant, stacks);
  const rows = new Map(Array.from(stacks.idLo, (lo, row) => [keyOf(lo, stacks.idHi[row]), row]));
  const values = new Map<string, number>();
  let unresolved = 0;
  merged.stackIdLo.forEach((lo, i) => {
    const row = rows.get(keyOf(lo, merged.stackIdHi[i])) ?? -1;
    const path = Array.from(
      stacks.frameIdLo.subarray(stacks.offsets[row], stacks.offsets[row + 1]),
      (id, at) => names.get(keyOf(id, stacks.frameIdHi[(stacks.offsets[row] ?? 0) + at])),
    );
    if (row < 0 || path.includes(undefined)) unresolved += 1;
    const text = row < 0 ? '' : path.toReversed().join(';');
    values.set(text, (values.get(text) ?? 0) + (merged.values[i] ?? 0));
  });
  return { values, unresolved };
}

/** The names of the frames of these stacks that are stored, by `keyOf`. */
async function namesOf(
  clickhouse: ClickHouse,
  tenant: string,
  { frameIdLo, frameIdHi }: Awaited<ReturnType<typeof loadStacks>>,
): Promise<ReadonlyMap<string, string>> {
  const distinct = new Map(Array.from(frameIdLo, (lo, i) => [keyOf(lo, frameIdHi[i]), i]));
  const at = Uint32Array.from(distinct.values());
  const frames = await loadFrames(clickhouse, {
    tenant,
    idLo: at.map((i) => frameIdLo[i] ?? 0),
    idHi: at.map((i) => frameIdHi[i] ?? 0),
  });
  return new Map(frames.name.map((name, i) => [keyOf(frames.idLo[i], frames.idHi[i]), name]));
}

function keyOf(lo: number | undefined, hi: number | undefined): string {
  return `${lo} ${hi}`;
}
