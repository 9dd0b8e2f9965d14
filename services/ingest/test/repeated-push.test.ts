import { LabelSet } from '@everflame/profile';
import { ProfileBatch } from '@everflame/storage';
import { FakeClock, pprofOfCollapsed } from '@everflame/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpoolFolder } from '../src/adapters/spool-folder.ts';
import { FirstArrivals } from '../src/application/first-arrivals.ts';
import { limitsOf } from '../src/application/limits/limit-settings.ts';
import { ProfileReceiver } from '../src/application/receive-profile.ts';
import { appendRowRecord } from '../src/application/record/row-record.ts';
import { RowSink } from '../src/application/record/row-sink.ts';
import { FlattenHere } from './support/flatten-here.ts';
import { silent, TestFolder } from './support/spool-bench.ts';

const MIDNIGHT = Date.UTC(2026, 0, 2);

/** Keeps what the rows of each record say of their time and what they bring along. */
class Rows extends RowSink {
  readonly records: { timeMs: number; profileId: string; stacks: number; series: number }[] = [];
  override generation = 0;
  readonly failure = '';

  override add(record: Uint8Array): Promise<void> {
    const found = { timeMs: 0, profileId: '', stacks: 0, series: 0 };
    class Batch extends ProfileBatch {
      override addStacks({ sizes }: Parameters<ProfileBatch['addStacks']>[0]): void {
        found.stacks = sizes.length;
      }
      override addSeries(): void {
        found.series += 1;
      }
      override addProfile({ timeMs, profileId }: Parameters<ProfileBatch['addProfile']>[0]): void {
        found.timeMs = timeMs;
        found.profileId = `${profileId.hi} ${profileId.lo}`;
      }
    }
    appendRowRecord(new Batch(), record);
    this.records.push(found);
    return Promise.resolve();
  }
  override renewDictionary(): void {
    this.generation += 1;
  }
}

describe('a push that is sent again', () => {
  let folder: TestFolder;
  let arrivals: FirstArrivals;
  let clock: FakeClock;
  let sink: Rows;
  let repeated: number;
  let receiver: ProfileReceiver;
  beforeEach(async () => {
    folder = new TestFolder();
    arrivals = await FirstArrivals.open(await SpoolFolder.open(folder.path), silent);
    clock = new FakeClock(MIDNIGHT - 2000);
    sink = new Rows();
    repeated = 0;
    const limits = { ...limitsOf(), pendingBytes: 1 << 20 };
    const observer = { flattened: () => undefined, repeated: () => (repeated += 1) };
    receiver = new ProfileReceiver({
      flattening: new FlattenHere(),
      sink,
      limits,
      arrivals,
      clock,
      observer,
    });
  });
  afterEach(async () => {
    await arrivals.close();
    folder.dispose();
  });

  const push = async (idempotencyKey = '', timeMs = 0): Promise<Rows['records'][number]> => {
    const principal = { tenant: 'default' };
    await receiver.receive(principal, {
      labels: LabelSet.of({ service_name: 'shop' }),
      profileName: '',
      pprof: pprofOfCollapsed({ stacks: ['main;work 3'] }),
      timeMs,
      durationMs: 0,
      kinds: new Map(),
      idempotencyKey,
    });
    const record = sink.records.at(-1);
    if (record === undefined) expect.unreachable();
    return record;
  };

  it('has the time and the id of the first, also over midnight, and leaves the new day with its dictionary', async () => {
    const first = await push();
    expect(first).toMatchObject({ timeMs: MIDNIGHT - 2000, stacks: 1, series: 1 });
    clock.advance(4000);
    expect(await push()).toMatchObject({ timeMs: first.timeMs, profileId: first.profileId });
    expect([repeated, sink.generation]).toEqual([1, 1]);
    expect(await push('another')).toMatchObject({ timeMs: MIDNIGHT + 2000, stacks: 1, series: 1 });
    expect(await push('a third')).toMatchObject({ timeMs: MIDNIGHT + 2000, stacks: 0, series: 0 });
  });

  it('is counted as repeated, also in the millisecond of the first', async () => {
    await push();
    await push();
    clock.advance(1);
    await push();
    expect(repeated).toBe(2);
  });

  it('is another push after five minutes without a key, and after an hour with one', async () => {
    clock.advance(3000);
    const [unkeyed, keyed] = [await push(), await push('key')];
    expect(keyed.profileId).not.toBe(unkeyed.profileId);
    clock.advance(5 * 60_000);
    expect((await push()).timeMs).toBe(unkeyed.timeMs + 300_000);
    expect((await push('key')).timeMs).toBe(keyed.timeMs);
    clock.advance(55 * 60_000);
    expect((await push('key')).timeMs).toBe(keyed.timeMs + 3_600_000);
    expect(repeated).toBe(1);
  });

  it('keeps its own time where it has one, whatever its key', async () => {
    const timeMs = MIDNIGHT - 60_000;
    const [plain, keyed] = [await push('', timeMs), await push('key', timeMs)];
    expect(keyed).toMatchObject({ timeMs, profileId: plain.profileId });
    expect(repeated).toBe(0);
  });
});
