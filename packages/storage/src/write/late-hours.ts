import { HOUR_MS } from '@everflame/profile';
import type { ClickHouse } from '../client.ts';
import { DateTime64Column, StringColumn, UInt32Column } from '../native/columns.ts';

/**
 * An hour is not late for this long after its end. What the last scrapes of an hour bring then costs nothing; hours are
 * rolled up minutes later (ADR 0008).
 */
const NOT_LATE_MS = 60_000;

/** The hours that the profiles of a batch lie in, per tenant and service. */
export class BatchHours {
  readonly #hours = new Map<string, BatchHour>();
  #last: BatchHour = { tenant: '', service: '', hourMs: -1 };

  add({ tenant, service, timeMs }: { tenant: string; service: string; timeMs: number }): void {
    const hourMs = timeMs - (timeMs % HOUR_MS);
    const last = this.#last;
    if (last.hourMs === hourMs && last.service === service && last.tenant === tenant) return;
    this.#last = { tenant, service, hourMs };
    this.#hours.set(JSON.stringify([tenant, service, hourMs]), this.#last);
  }

  get all(): readonly BatchHour[] {
    return [...this.#hours.values()];
  }
}

export interface ServiceOfTenant {
  readonly tenant: string;
  readonly service: string;
}

export interface BatchHour extends ServiceOfTenant {
  /** Start, Unix ms. */
  readonly hourMs: number;
}

/**
 * Notes which of the hours are late, so that they are rolled up again and read from raw profiles until then. It must come
 * before the profiles: a profile that can be read without that note would be missing from every answer of an hour that is
 * rolled up. The clock is that of ClickHouse, by which hours are rolled up.
 */
export async function noteLateHours(clickhouse: ClickHouse, hours: readonly BatchHour[]): Promise<void> {
  const { nowMs } = clickhouse;
  const late = hours.filter(({ hourMs }) => hourMs + HOUR_MS + NOT_LATE_MS <= nowMs);
  if (late.length > 0) await insertLateHours(clickhouse, late);
}

/** Notes these hours as late, over or not, as of `atMs`; an insert of no rows where there are none. */
export async function insertLateHours(
  clickhouse: ClickHouse,
  hours: readonly BatchHour[],
  atMs?: number,
): Promise<void> {
  const columns = {
    tenant: new StringColumn(),
    service: new StringColumn(),
    hour: new UInt32Column("DateTime('UTC')"),
  };
  const at = new DateTime64Column();
  for (const { tenant, service, hourMs } of hours) {
    columns.tenant.push(tenant);
    columns.service.push(service);
    columns.hour.push(hourMs / 1000);
    if (atMs !== undefined) at.push(atMs);
  }
  // `at` becomes the clock of ClickHouse where it is not given, so the same hours again are a new entry.
  await clickhouse.insertColumns('late_hours', atMs === undefined ? columns : { ...columns, at });
}
