import { ProfileBatch } from '@everflame/storage';
import {
  startTestRedis,
  type TestRedis,
  waitFor,
  addFrameRow,
  addProfileRow,
  addStackRow,
} from '@everflame/testkit';
import { Redis } from 'ioredis';
import { TestQuery } from './query-service.ts';

export const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
export const HOUR = 3_600_000;
/** Start of an hour that was over hours ago. */
export const PAST = Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR;

/** A Redis for kept answers, and what is in it. */
export class AnswerRedis {
  readonly url: string;
  readonly client: Redis;
  readonly #redis: TestRedis;

  private constructor(redis: TestRedis) {
    this.#redis = redis;
    this.url = redis.url;
    this.client = new Redis(redis.url);
  }

  static async start(): Promise<AnswerRedis> {
    return new AnswerRedis(await startTestRedis());
  }

  entries(): Promise<string[]> {
    return this.client.keys('*:entry:*');
  }

  /** A service that keeps answers here, where there are none yet. */
  async query(): Promise<TestQuery> {
    await this.client.flushall();
    return TestQuery.start(undefined, undefined, { QUERY_CACHE_BYTES: '1000000', REDIS_URL: this.url });
  }

  /** Asks until there are as many entries. */
  async fill(answer: () => Promise<unknown>, count: number): Promise<void> {
    await waitFor(
      async () => {
        await answer();
        return (await this.entries()).length === count;
      },
      { what: `${count} entries` },
    );
  }

  async stop(): Promise<void> {
    this.client.disconnect();
    await this.#redis.stop();
  }
}

/** A profile of one stack of one frame. */
export function oneProfile(value: number, timeMs: number): ProfileBatch {
  const batch = new ProfileBatch();
  const common = { tenant: 'default', dayMs: timeMs, service: 'checkout' };
  const ids = { idLo: 7, idHi: 0 };
  addFrameRow(batch, {
    tenant: 'default',
    dayMs: timeMs,
    ...ids,
    name: 'main.work',
    systemName: '',
    file: 'main.go',
    line: 1,
    startLine: 1,
    buildId: '',
    addressLo: 0,
    addressHi: 0,
  });
  addStackRow(batch, { ...common, ...ids, frameIdLo: Uint32Array.of(7), frameIdHi: Uint32Array.of(0) });
  const series = { type: CPU, kind: 'interval', fingerprint: { lo: 1, hi: 0 } } as const;
  batch.addSeries({ ...common, ...series, labels: [['service_name', 'checkout']] });
  addProfileRow(batch, {
    tenant: 'default',
    service: 'checkout',
    retentionDays: 14,
    rollupDays: 400,
    ...series,
    timeMs,
    profileId: { lo: value, hi: timeMs % 1000 },
    durationMs: 1000,
    period: 1,
    total: value,
    stackIdLo: Uint32Array.of(7),
    stackIdHi: Uint32Array.of(0),
    values: Float64Array.of(value),
  });
  return batch;
}

/** As if what was marked had been marked long ago. */
export async function settleMarks(query: TestQuery): Promise<void> {
  const text = `INSERT INTO late_hours (tenant, service, hour, at)
SELECT tenant, service, hour, now64(3) - INTERVAL 1 HOUR FROM late_hours`;
  await query.clickhouse.command({ text: 'CREATE TABLE kept AS late_hours', params: {} });
  await query.clickhouse.command({ text: text.replace('INTO late_hours', 'INTO kept'), params: {} });
  await query.clickhouse.command({ text: 'EXCHANGE TABLES kept AND late_hours', params: {} });
  await query.clickhouse.command({ text: 'DROP TABLE kept', params: {} });
}
