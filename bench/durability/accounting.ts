import { type ClickHouse, loadFrames, loadStacks, mergeStacks, timeline } from '@everflame/storage';
import { waitFor } from '@everflame/testkit';
import type { LoadTotals } from './load-client.ts';

export const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';

/** What can be queried of a service. */
export interface Account {
  readonly profiles: number;
  readonly sum: number;
  /** Stacks of profiles that are not stored, or whose frames are not. */
  readonly unresolved: number;
}

/** Reads what is stored of a service since `fromMs`. */
export async function accountOf(clickhouse: ClickHouse, service: string, fromMs: number): Promise<Account> {
  const merged = await mergeStacks(
    clickhouse,
    {
      tenant: 'default',
      profileTypeId: CPU,
      matchers: [{ name: 'service_name', op: '=', value: service }],
      fromMs,
      toMs: Date.now() + 600_000,
    },
    { aggregate: 'kind' },
  );
  const { stackIdLo, stackIdHi } = merged;
  const stacks = await loadStacks(clickhouse, {
    tenant: 'default',
    idLo: stackIdLo,
    idHi: stackIdHi,
    services: [service],
  });
  const wanted = new Set(Array.from(stacks.frameIdLo, (lo, i) => `${lo},${stacks.frameIdHi[i]}`));
  const ids = [...wanted].map((id) => id.split(',').map(Number));
  const frames = await loadFrames(clickhouse, {
    tenant: 'default',
    idLo: Uint32Array.from(ids, ([lo = 0]) => lo),
    idHi: Uint32Array.from(ids, ([, hi = 0]) => hi),
  });
  return {
    profiles: merged.profiles,
    sum: merged.total,
    unresolved: stackIdLo.length - stacks.idLo.length + (wanted.size - frames.idLo.length),
  };
}

/** How many profiles of a service since `fromMs` can be queried. */
export async function storedProfiles(
  clickhouse: ClickHouse,
  service: string,
  fromMs: number,
): Promise<number> {
  const toMs = Date.now() + 600_000;
  const { groups } = await timeline(
    clickhouse,
    {
      tenant: 'default',
      profileTypeId: CPU,
      matchers: [{ name: 'service_name', op: '=', value: service }],
      fromMs,
      toMs,
    },
    { stepMs: toMs - fromMs },
  );
  return groups[0]?.profiles[0] ?? 0;
}

/** Waits until as many profiles can be queried as were acknowledged; answers the account then. */
export async function settledAccount(
  clickhouse: ClickHouse,
  service: string,
  fromMs: number,
  totals: LoadTotals,
): Promise<Account> {
  return waitFor(
    async () => {
      const account = await accountOf(clickhouse, service, fromMs);
      return account.profiles >= totals.acknowledged && account;
    },
    {
      what: `${totals.acknowledged} profiles of ${service} to be queryable`,
      timeoutMs: 60_000,
      intervalMs: 200,
    },
  );
}
