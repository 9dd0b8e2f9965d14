import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestListener } from 'node:http';
import type { TargetsResponse } from '@everflame/contract';
import type { PushRequest__Output } from '@everflame/contract/grpc';
import { ProfileDecoder, saltOf, StackFlattener } from '@everflame/profile';
import { toCollapsed, answerSchema, quietLogger } from '@everflame/testkit';
import { gunzipBounded, type RunningService } from '@everflame/service-kit';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createScraper } from '../../src/create-scraper.ts';
import { readConfig } from '../../src/config.ts';
import { FakeTarget } from './fake-target.ts';
import { RecordingIngest } from './recording-ingest.ts';

const targetsResponseSchema = answerSchema('get', 'targets');

/** Starts scrapers and what they talk to, each test with Redis keys of its own, and stops everything. */
export class ScraperBench {
  readonly prefix = `test-${randomUUID()}`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'everflame-scraper-'));
  readonly #closing: (() => void | Promise<void>)[] = [];
  readonly #redisUrl: string;

  constructor(redisUrl: string) {
    this.#redisUrl = redisUrl;
  }

  async target(handle: RequestListener): Promise<FakeTarget> {
    const target = await FakeTarget.start(handle);
    this.onStop(() => target.stop());
    return target;
  }

  async ingest(...parameters: Parameters<typeof RecordingIngest.start>): Promise<RecordingIngest> {
    const ingest = await RecordingIngest.start(...parameters);
    this.onStop(() => ingest.stop());
    return ingest;
  }

  /** A scraper with these scrape configs; one that is not closed by the test is closed by `stop`. */
  async scraper(configs: readonly object[], env: Record<string, string>): Promise<RunningService> {
    const service = await createScraper(
      readConfig({
        SCRAPER_PORT: '0',
        REDIS_URL: this.#redisUrl,
        SCRAPER_QUEUE_PREFIX: this.prefix,
        EVERFLAME_CONFIG: this.writeConfig(configs),
        ...env,
      }),
      quietLogger(),
    );
    this.onStop(() => service.close());
    return service;
  }

  /** Writes a file with these scrape configs, or over one. */
  writeConfig(configs: readonly object[], path = join(this.#folder, `${randomUUID()}.yaml`)): string {
    writeFileSync(path, JSON.stringify({ scrape_configs: configs }));
    return path;
  }

  /** What BullMQ has scheduled. */
  async schedules(): Promise<{ key: string; next: number; iterations: number }[]> {
    const connection = new Redis(this.#redisUrl, { maxRetriesPerRequest: null });
    const queue = new Queue('scrapes', { connection, prefix: this.prefix });
    try {
      const schedulers = await queue.getJobSchedulers(0, -1);
      return schedulers.map(({ key, next, iterationCount }) => ({
        key,
        next: next ?? 0,
        iterations: iterationCount ?? 0,
      }));
    } finally {
      await queue.close();
      connection.disconnect();
    }
  }

  /** What a Redis without persistence does when it restarts. */
  async forgetSchedules(): Promise<void> {
    const connection = new Redis(this.#redisUrl);
    const keys = await connection.keys(`${this.prefix}:*`);
    await connection.del(keys);
    connection.disconnect();
  }

  onStop(close: () => void | Promise<void>): void {
    this.#closing.push(close);
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.splice(0).toReversed()) await close();
    rmSync(this.#folder, { recursive: true });
  }
}

export async function targetsOf(service: RunningService): Promise<TargetsResponse['targets']> {
  const response = await fetch(`${service.url}/api/v1/targets`);
  return targetsResponseSchema.parse(await response.json()).targets;
}

export function labelsOf(push: PushRequest__Output): Record<string, string> {
  return Object.fromEntries(push.labels.map(({ name, value }) => [name, value]));
}

/** The stacks of one sample type of a push as folded text; empty when it has no such type. */
export function collapsedOf(push: PushRequest__Output, sampleType: string): string {
  const columns = new ProfileDecoder().decode(gunzipBounded(push.pprof, 1 << 26));
  const index = columns.sampleTypes.findIndex(({ type }) => type === sampleType);
  return toCollapsed(new StackFlattener().flatten(columns, { salt: saltOf('test') }), index);
}

/** Sum of one sample type of a push over the stacks that `frame` is part of, or over all. */
export function totalOf(push: PushRequest__Output, sampleType: string, frame = ''): number {
  const lines = collapsedOf(push, sampleType).split('\n');
  return lines
    .filter((line) => line.includes(frame))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Names of the sample types of a push. */
export function sampleTypesOf(push: PushRequest__Output): string[] {
  return new ProfileDecoder().decode(gunzipBounded(push.pprof, 1 << 26)).sampleTypes.map(({ type }) => type);
}
