import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprintOf, type Hash64, LabelSet } from '@everflame/profile';
import { pprofOfCollapsed, quietLogger } from '@everflame/testkit';
import { ProfileBatch } from '@everflame/storage';
import { describe, expect, it } from 'vitest';
import { ProfileFlattener } from '../src/application/flatten/flatten-profile.ts';
import { RetentionPolicy, type RetentionRules } from '../src/application/retention.ts';
import { appendRowRecord } from '../src/application/record/row-record.ts';
import { readConfig } from '../src/config.ts';
import { createIngest } from '../src/create-ingest.ts';
import { jobOf } from './support/flatten-job.ts';

const DAY = 86_400_000;
const RULES: RetentionRules = {
  rules: [
    { match: '{env="dev",team=~"core|web"}', days: 7, rollupDays: 60 },
    { match: '{env=~"dev|test"}', days: 3, rollupDays: 30 },
    { match: '{endpoint="/health"}', days: 1, rollupDays: 1 },
  ],
  fallback: { days: 14, rollupDays: 400 },
};

function classOf(labels: Record<string, string>): unknown {
  const set = LabelSet.of(labels);
  return new RetentionPolicy(RULES).classOf(fingerprintOf('default', set), set);
}

/** Days of profiles and rollups by fingerprint, of the series in a record. */
function classesIn(record: Uint8Array): Map<string, readonly [number, number | undefined]> {
  const classes = new Map<string, readonly [number, number | undefined]>();
  class Batch extends ProfileBatch {
    override addProfile(row: Parameters<ProfileBatch['addProfile']>[0]): void {
      classes.set(keyOf(row.fingerprint), [row.retentionDays, row.rollupDays]);
    }
  }
  appendRowRecord(new Batch(), record);
  return classes;
}

function keyOf({ lo, hi }: Hash64): string {
  return `${hi} ${lo}`;
}

function fingerprint(labels: Record<string, string>): string {
  return keyOf(fingerprintOf('default', LabelSet.of(labels)));
}

describe('the retention of a series', () => {
  it('is that of the first rule that matches its labels', () => {
    expect(classOf({ env: 'dev', team: 'core' })).toMatchObject({ days: 7, rollupDays: 60 });
    expect(classOf({ env: 'dev', team: 'ops' })).toMatchObject({ days: 3, rollupDays: 30 });
    expect(classOf({ env: 'test' })).toMatchObject({ days: 3, rollupDays: 30 });
    expect(classOf({ env: 'prod' })).toMatchObject({ days: 14, rollupDays: 400 });
    expect(classOf({})).toMatchObject({ days: 14, rollupDays: 400 });
  });

  it('is remembered, also by those that have the class of all others', () => {
    const policy = new RetentionPolicy(RULES);
    const dev = LabelSet.of({ env: 'dev' });
    const prod = LabelSet.of({ env: 'prod' });
    for (let round = 0; round < 2; round++) {
      expect(policy.classOf(fingerprintOf('t', dev), dev).days).toBe(3);
      expect(policy.classOf(fingerprintOf('t', prod), prod).days).toBe(14);
    }
  });

  it('is written with each row, the same whether labels came with the profile or on its samples', () => {
    const flattener = new ProfileFlattener({ retention: RULES });
    const labels = [['service_name', 'shop']] as const;
    const onSamples = pprofOfCollapsed({ stacks: ['main 1'], labels: { endpoint: '/health' } });
    const series = fingerprint({ service_name: 'shop', endpoint: '/health' });
    expect(classesIn(flattener.flatten(jobOf(onSamples, { labels })).record).get(series)).toEqual([1, 1]);

    const pushed = [['endpoint', '/health'], ...labels] as const;
    const plain = pprofOfCollapsed({ stacks: ['main 1'] });
    const both = classesIn(flattener.flatten(jobOf(plain, { labels: pushed })).record);
    expect(both.get(series)).toEqual([1, 1]);
    const others = classesIn(flattener.flatten(jobOf(plain, { labels })).record);
    expect(others.get(fingerprint({ service_name: 'shop' }))).toEqual([14, 400]);
  });

  it('says how old a profile may be', () => {
    const flattener = new ProfileFlattener({ retention: RULES });
    const pprof = pprofOfCollapsed({ stacks: ['main 1'] });
    const nowMs = Date.now();
    const take = (days: number, labels: Record<string, string>): unknown => {
      const entries = LabelSet.of({ service_name: 'shop', ...labels }).entries();
      return flattener.flatten(jobOf(pprof, { timeMs: nowMs - days * DAY, nowMs, labels: entries }));
    };
    expect(() => take(4, { env: 'dev' })).toThrow(
      expect.objectContaining({
        code: 'timestamp_too_old',
        message: expect.stringContaining('of 3 days') as string,
      }),
    );
    expect(() => take(4, { env: 'dev', team: 'web' })).not.toThrow();
    expect(() => take(14, { env: 'prod' })).not.toThrow();
    expect(() => take(15, { env: 'prod' })).toThrow(expect.objectContaining({ code: 'timestamp_too_old' }));
  });

  it('writes dictionary rows that a refused profile did not store', () => {
    const flattener = new ProfileFlattener({ retention: RULES });
    const pprof = pprofOfCollapsed({ stacks: ['main 1'] });
    const nowMs = Date.now();
    const job = jobOf(pprof, { timeMs: nowMs - 4 * DAY, nowMs });
    const labels = [
      ['env', 'dev'],
      ['service_name', 'shop'],
    ] as const;
    expect(() => flattener.flatten({ ...job, labels })).toThrow();
    const frames: number[] = [];
    class Batch extends ProfileBatch {
      override addFrames({ count }: Parameters<ProfileBatch['addFrames']>[0]): void {
        frames.push(count);
      }
    }
    appendRowRecord(new Batch(), flattener.flatten(job).record);
    expect(frames).toEqual([1]);
  });
});

describe('the settings of retention', () => {
  it('are 14 and 400 days where nothing is said', () => {
    expect(readConfig({}).retention).toEqual({ days: 14, rollupDays: 400 });
  });

  it.each([
    [{ INGEST_RETENTION_DAYS: '401' }, 'INGEST_RETENTION_DAYS'],
    [{ INGEST_RETENTION_DAYS: '30', INGEST_ROLLUP_RETENTION_DAYS: '29' }, 'INGEST_ROLLUP_RETENTION_DAYS'],
  ])('refuse %j', (env, name) => {
    expect(() => readConfig(env)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(name) }),
    );
  });

  it('end the start with the line of everflame.yaml that is wrong', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'everflame-retention-'));
    const file = join(folder, 'everflame.yaml');
    await writeFile(file, `retention:\n  - { match: '{env="dev"', days: 3 }\n`);
    const config = readConfig({ EVERFLAME_CONFIG: file, INGEST_SPOOL_DIR: join(folder, 'spool') });
    await expect(createIngest(config, quietLogger())).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining(`${file}:2:`) as string,
    });
    await rm(folder, { recursive: true });
  });
});
