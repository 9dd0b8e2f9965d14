import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { pprofOfCollapsed, quietLogger } from '@everflame/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { FlattenPool } from '../src/adapters/flatten-pool.ts';
import type { FlattenedProfile } from '../src/application/flatten/flatten-job.ts';
import { ProfileFlattener } from '../src/application/flatten/flatten-profile.ts';
import { jobOf } from './support/flatten-job.ts';

const logger = quietLogger();
const scripted = new URL('support/scripted-worker.mjs', import.meta.url);
const compiled = createRequire(import.meta.url).resolve('@everflame/ingest/flatten.worker');

interface StartOptions {
  readonly maxCpuMs?: number;
  readonly maxWaitMs?: number;
  readonly body?: URL | string;
}

describe('the pool of flattening threads', () => {
  const pools: FlattenPool[] = [];
  let lost = 0;
  afterEach(async () => {
    for (const pool of pools.splice(0)) await pool.close();
    lost = 0;
  });
  const start = async (
    threads: number,
    { maxCpuMs = 60_000, maxWaitMs = 600_000, body = scripted }: StartOptions = {},
  ): Promise<FlattenPool> => {
    const times = { maxCpuMs, maxWaitMs };
    const pool = await FlattenPool.start({ body, threads, times, onLost: () => (lost += 1) }, logger);
    pools.push(pool);
    return pool;
  };
  const flatten = (
    pool: FlattenPool,
    profileName: string,
    bytes: Uint8Array = Buffer.from('x'),
  ): Promise<FlattenedProfile> => pool.flatten(jobOf(bytes, { profileName, generation: 7 }));

  it('answers every job with its own record and generation', async () => {
    const pool = await start(2);
    const sent = Array.from({ length: 300 }, (_, i) => Buffer.from(`profile ${i} ${'.'.repeat(i * 50)}`));
    const answers = await Promise.all(sent.map((bytes) => flatten(pool, 'echo', Buffer.from(bytes))));
    expect(answers.every(({ record }, i) => sent[i]?.equals(record))).toBe(true);
    expect(new Set(answers.map(({ generation }) => generation))).toEqual(new Set([7]));
  });

  it('takes large memory instead of copying it, and leaves memory that is shared alone', async () => {
    const pool = await start(1);
    const large = Buffer.from(new Uint8Array(100_000).fill(1).buffer, 10, 99_000);
    const answer = await flatten(pool, 'echo', large);
    expect(answer.record).toHaveLength(99_000);
    expect(large.buffer.byteLength).toBe(0);
    const pooled = Buffer.from('small');
    await flatten(pool, 'echo', pooled);
    expect(pooled.toString()).toBe('small');
  });

  it('hands on why a thread refuses a profile', async () => {
    const pool = await start(1);
    await expect(flatten(pool, 'refuse')).rejects.toMatchObject({
      kind: 'invalid',
      code: 'malformed_profile',
      hint: 'yes',
    });
  });

  it.each(['exit', 'throw', 'exhaust'])(
    'fails the profile over which a thread ends (%s) and answers the others',
    async (how) => {
      const pool = await start(2);
      const bytes = Buffer.alloc(50_000, 'p');
      const others = Array.from({ length: 10 }, () => flatten(pool, 'echo', Buffer.from(bytes)));
      const culprit = flatten(pool, how);
      others.push(...Array.from({ length: 10 }, () => flatten(pool, 'echo', Buffer.from(bytes))));
      await expect(culprit).rejects.toMatchObject({ name: 'FlattenFailedError' });
      const answers = await Promise.all(others);
      expect(answers.every(({ record }) => bytes.equals(record))).toBe(true);
      expect(lost).toBe(1);
      expect((await flatten(pool, 'echo')).record).toHaveLength(1);
    },
  );

  it('ends a thread over a profile that takes too long, and refuses that profile alone', async () => {
    const pool = await start(1, { maxCpuMs: 300 });
    const slow = flatten(pool, 'hang');
    const next = flatten(pool, 'echo', Buffer.alloc(20_000));
    await expect(slow).rejects.toMatchObject({ code: 'profile_too_slow', isRetryable: false });
    expect((await next).record).toHaveLength(20_000);
    expect(lost).toBe(1);
  });

  it('refuses for now a profile for which its thread had no time, and goes on with the others', async (context) => {
    if (process.platform !== 'linux') context.skip('only Linux says how much CPU time a thread had');
    const pool = await start(1, { maxCpuMs: 300, maxWaitMs: 900 });
    const starved = flatten(pool, 'wait');
    const next = flatten(pool, 'echo', Buffer.alloc(20_000));
    await expect(starved).rejects.toMatchObject({ code: 'machine_busy', isRetryable: true });
    expect((await next).record).toHaveLength(20_000);
    expect(lost).toBe(1);
  });

  it('finishes what it took before it closes, and takes no more', async () => {
    const pool = await start(1);
    const taken = Array.from({ length: 50 }, () => flatten(pool, 'echo'));
    const closed = pool.close();
    await expect(flatten(pool, 'echo')).rejects.toMatchObject({ code: 'shutting_down' });
    expect(await Promise.all(taken)).toHaveLength(50);
    await closed;
  });

  it('does not start with a file that is no thread', async () => {
    const body = new URL('support/missing.mjs', import.meta.url);
    await expect(start(1, { body })).rejects.toThrow(/missing\.mjs/);
  });

  it('writes in a thread the record that it would write here', async () => {
    const pool = await start(1, { body: compiled });
    const here = new ProfileFlattener();
    const pprof = gzipSync(pprofOfCollapsed({ stacks: ['main;work 30', 'main;work;alloc 12'] }));
    const job = jobOf(pprof);
    for (let repeat = 0; repeat < 3; repeat++) {
      const expected = here.flatten(job);
      const { record, accepted } = await pool.flatten({ ...job, pprof: Buffer.from(pprof) });
      expect(Buffer.compare(record, expected.record)).toBe(0);
      expect(accepted).toEqual([
        { profileType: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds', stacks: 2, total: 42 },
      ]);
    }
    const half = pool.flatten({ ...job, pprof: pprof.subarray(0, 30) });
    await expect(half).rejects.toMatchObject({ code: 'malformed_profile' });
  });
});
