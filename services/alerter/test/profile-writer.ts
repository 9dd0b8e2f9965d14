import { fingerprintOf, type Hash64, LabelSet } from '@everflame/profile';
import { type ClickHouse, ProfileBatch } from '@everflame/storage';
import { insertBatch, addProfileRow } from '@everflame/testkit';
import { HEAP_TYPE } from './record-builder.ts';

export const TENANT = 'default';

/** Writes heap profiles of given sizes, as ingest would. */
export class ProfileWriter {
  readonly #clickhouse: ClickHouse;
  #written = 0;

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  async write(
    labels: Readonly<Record<string, string>>,
    levels: readonly (readonly [timeMs: number, bytes: number])[],
  ): Promise<void> {
    const set = LabelSet.of(labels);
    const identity = {
      tenant: TENANT,
      type: HEAP_TYPE,
      kind: 'gauge',
      service: set.get('service_name') ?? '',
      fingerprint: fingerprintOf(TENANT, set),
    } as const;
    const batch = new ProfileBatch();
    for (const [timeMs, bytes] of levels) {
      const profileId: Hash64 = { lo: ++this.#written, hi: 1 };
      batch.addSeries({ ...identity, dayMs: timeMs, labels: [...set.entries()] });
      addProfileRow(batch, {
        ...identity,
        retentionDays: 14,
        timeMs,
        profileId,
        durationMs: 0,
        period: 0,
        total: bytes,
        stackIdLo: Uint32Array.of(1),
        stackIdHi: Uint32Array.of(0),
        values: Float64Array.of(bytes),
      });
    }
    await insertBatch(this.#clickhouse, batch);
  }
}
