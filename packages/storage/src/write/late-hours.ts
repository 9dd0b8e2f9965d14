import type { ClickHouse } from '../client.ts';
import { StringColumn, UInt32Column } from '../native/columns.ts';
import { encodeNativeBlock } from '../native/encode-block.ts';

const MS_PER_HOUR = 3_600_000;
/**
 * An hour takes profiles without a mark for this long after its end. What the last scrapes of an hour bring then costs
 * nothing; hours are folded minutes later (ADR 0008).
 */
const UNMARKED_MS = 60_000;

/** The hours that the profiles of a batch lie in, per tenant and service. */
export class BatchHours {
  readonly #hours = new Map<string, { tenant: string; service: string; hourMs: number }>();
  #last = { tenant: '', service: '', hourMs: -1 };

  add({ tenant, service, timeMs }: { tenant: string; service: string; timeMs: number }): void {
    const hourMs = timeMs - (timeMs % MS_PER_HOUR);
    const last = this.#last;
    if (last.hourMs === hourMs && last.service === service && last.tenant === tenant) return;
    this.#last = { tenant, service, hourMs };
    this.#hours.set(JSON.stringify([tenant, service, hourMs]), this.#last);
  }

  get all(): readonly BatchHour[] {
    return [...this.#hours.values()];
  }
}

export interface BatchHour {
  readonly tenant: string;
  readonly service: string;
  /** Start, Unix ms. */
  readonly hourMs: number;
}

/**
 * Marks the hours that are over, so that they are folded again and read from raw rows until then. It must come before
 * the profiles: a profile that can be read without its mark would be missing from every answer of a folded hour. The clock
 * is that of ClickHouse, by which hours are folded.
 */
export async function markLateHours(clickhouse: ClickHouse, hours: readonly BatchHour[]): Promise<void> {
  const { nowMs } = clickhouse;
  const late = hours.filter(({ hourMs }) => hourMs + MS_PER_HOUR + UNMARKED_MS <= nowMs);
  if (late.length > 0) await insertMarks(clickhouse, late);
}

/** Marks these hours, over or not; an insert of no rows where there are none. */
export async function insertMarks(clickhouse: ClickHouse, hours: readonly BatchHour[]): Promise<void> {
  const columns = {
    tenant: new StringColumn(),
    service: new StringColumn(),
    hour: new UInt32Column("DateTime('UTC')"),
  };
  for (const { tenant, service, hourMs } of hours) {
    columns.tenant.push(tenant);
    columns.service.push(service);
    columns.hour.push(hourMs / 1000);
  }
  // `at` becomes the clock of ClickHouse, so the same hours again are a new mark.
  await clickhouse.insertNative(
    { table: 'late_hours', columns: Object.keys(columns) },
    encodeNativeBlock(columns),
  );
}
