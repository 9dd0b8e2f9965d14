import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintOf, type Hash64, LabelSet } from '@everflame/profile';
import { type ClickHouse, migrate, openClickHouse, ProfileBatch } from '@everflame/storage';
import { insertBatch, addProfileRow } from '@everflame/testkit';
import { CallGraph } from './call-graph.ts';
import { CLICKHOUSE_PASSWORD } from './credentials.ts';
import { printLine } from './figures.ts';
import { SHAPES, StackSource } from './fleet.ts';
import { BenchProcess, freePort } from './processes.ts';
import { writeRollups } from './query-rollups.ts';
import { randomFrom } from './variants.ts';

export const TENANT = 'default';
export const SERVICES = 20;
export const INSTANCES = 5;
export const DAYS = 30;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const EVERY_MS = 15_000;
const VERSION = 3;
const SEED = 11;
/** Kept data is written anew before its retention takes rows away. */
const KEEP_MS = 7 * DAY_MS;
/** What profiles of the five types have on average. */
const SAMPLES_PER_PROFILE = 196;
const ROUNDS_PER_BATCH = 20;

/** What is stored: raw profiles of `[rawFromMs, toMs)`, and rollups of the 30 days before `toMs`. */
export interface StoredFleet {
  readonly rawFromMs: number;
  readonly toMs: number;
  readonly profiles: number;
  readonly samples: number;
}

interface Manifest extends StoredFleet {
  readonly key: string;
}

interface Series {
  readonly service: string;
  readonly shape: (typeof SHAPES)[number];
  readonly fingerprint: Hash64;
  readonly labels: readonly (readonly [string, string])[];
  readonly source: StackSource;
  readonly offsetMs: number;
}

/** An embedded ClickHouse in a process of its own, on the folder `dir`. */
export async function startClickHouse(dir: string): Promise<{ process: BenchProcess; url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    CLICKHOUSE_EMBEDDED_DATA_DIR: join(dir, 'clickhouse'),
    CLICKHOUSE_EMBEDDED_PORT: String(port),
    UV_THREADPOOL_SIZE: '8',
  };
  const entry = 'packages/embedded-clickhouse/dist/main.js';
  return { process: await BenchProcess.start('clickhouse', entry, env, { pingUrl: `${url}/ping` }), url };
}

/** Writes the fleet into `dir` unless it is there already: `samples` raw samples or a few more. */
export async function prepareFleet(dir: string, samples: number): Promise<StoredFleet> {
  const file = join(dir, 'manifest.json');
  const key = `${VERSION}-${SEED}-${samples}`;
  if (existsSync(file)) {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    if (manifest.key === key && Date.now() - manifest.toMs < KEEP_MS) return manifest;
  }
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const { process: server, url } = await startClickHouse(dir);
  const clickhouse = openClickHouse({
    url,
    database: 'everflame',
    password: CLICKHOUSE_PASSWORD,
    requestTimeoutMs: 3_600_000,
  });
  await migrate(clickhouse, { embedded: true });
  const fleet = await writeFleet(clickhouse, samples);
  await clickhouse.close();
  await server.stop();
  writeFileSync(file, JSON.stringify({ key, ...fleet }));
  return fleet;
}

async function writeFleet(clickhouse: ClickHouse, samples: number): Promise<StoredFleet> {
  const series = fleetSeries();
  const rounds = Math.ceil(samples / SAMPLES_PER_PROFILE / series.length);
  // At a day's start, so that raw profiles of some hours are in one partition.
  const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const rawFromMs = toMs - rounds * EVERY_MS;
  await writeDictionary(clickhouse, series, toMs);
  const random = randomFrom(SEED);
  let written = 0;
  let inserting = Promise.resolve();
  let batch = new ProfileBatch();
  for (let round = 0; round < rounds; round++) {
    for (const each of series) {
      const profile = each.source.next();
      written += profile.stackIdLo.length;
      addProfileRow(batch, {
        tenant: TENANT,
        retentionDays: 14,
        type: each.shape.type,
        kind: each.shape.kind,
        service: each.service,
        fingerprint: each.fingerprint,
        durationMs: each.shape.kind === 'interval' ? EVERY_MS : 0,
        period: 10_000_000,
        timeMs: rawFromMs + round * EVERY_MS + each.offsetMs + Math.floor(random() * 20),
        profileId: { lo: Math.floor(random() * 2 ** 32), hi: Math.floor(random() * 2 ** 32) },
        ...profile,
      });
    }
    if ((round + 1) % ROUNDS_PER_BATCH > 0 && round < rounds - 1) continue;
    await inserting;
    inserting = insertBatch(clickhouse, batch);
    batch = new ProfileBatch();
    if (round % 100 === 99) printLine(`  wrote ${(written / 1e6).toFixed(0)} million samples`);
  }
  await inserting;
  await clickhouse.command({ text: 'OPTIMIZE TABLE profiles FINAL', params: {} });
  await writeRollups(clickhouse, { rawFromMs, toMs }, DAYS);
  return { rawFromMs, toMs, profiles: rounds * series.length, samples: written };
}

function fleetSeries(): Series[] {
  const random = randomFrom(SEED);
  return Array.from({ length: SERVICES * INSTANCES * SHAPES.length }, (_, i) => {
    const shapeIndex = i % SHAPES.length;
    const shape = SHAPES[shapeIndex];
    if (shape === undefined) throw new Error('There are no profile types.');
    const instance = Math.floor(i / SHAPES.length) % INSTANCES;
    const serviceIndex = Math.floor(i / SHAPES.length / INSTANCES);
    const service = `service-${serviceIndex}`;
    const labels = LabelSet.of({
      service_name: service,
      instance: `10.0.${serviceIndex}.${instance}:6060`,
      env: instance === 0 ? 'canary' : 'production',
      region: instance % 2 === 0 ? 'eu-west-1' : 'us-east-1',
      version: `v1.${serviceIndex}.${instance === 0 ? 1 : 0}`,
    });
    // Both memory types have the same stacks.
    const stackSeed = 1000 * serviceIndex + (shapeIndex === 2 ? 1 : shapeIndex);
    return {
      service,
      shape,
      fingerprint: fingerprintOf(TENANT, labels),
      labels: [...labels],
      source: new StackSource(shape, stackSeed, 1_000_000 + i),
      offsetMs: Math.floor(random() * EVERY_MS * 0.99),
    };
  });
}

async function writeDictionary(
  clickhouse: ClickHouse,
  series: readonly Series[],
  toMs: number,
): Promise<void> {
  for (let service = 0; service < SERVICES; service++) {
    const name = `service-${service}`;
    const own = series.filter((each) => each.service === name);
    const batch = new ProfileBatch();
    const graph = new CallGraph(service);
    const where = { tenant: TENANT, service: name, dayMs: toMs - 1 };
    for (const shapeIndex of [0, 1, 3, 4]) {
      const source = own[shapeIndex]?.source;
      if (source !== undefined) graph.addStacks(batch, where, source.stackIds);
    }
    for (let day = 1; day <= DAYS; day++) {
      for (const { shape, fingerprint, labels } of own) {
        const dayMs = toMs - day * DAY_MS;
        const { type, kind } = shape;
        batch.addSeries({ tenant: TENANT, dayMs, type, kind, service: name, fingerprint, labels });
      }
    }
    await insertBatch(clickhouse, batch);
  }
}
