import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OverloadClient } from './overload-client.ts';
import type { DurabilityStack, Ingest } from './stack.ts';

const PAGE_BYTES = 4096;
const CONNECTIONS_OF_GREEDY = 200;
/** What each of the modest asks for, a fifth of its equal share. */
const MODEST_SHARE = 1 / 20;
const CONNECTIONS_OF_MODEST = 50;
const SAMPLE_MS = 500;

/** One that offers more than can be taken, and some that ask for little. */
export interface Crowd {
  readonly greedy: OverloadClient;
  readonly modest: readonly OverloadClient[];
}

export interface OverloadFigures {
  /** Profiles per second that one client gets through when it is alone. */
  readonly capacity: number;
  readonly peakIngestBytes: number;
  readonly peakClickHouseBytes: number;
  readonly crowd: Crowd;
}

/** Finds out what an ingest process takes, then offers it twice as much for `seconds`. */
export async function overload(
  stack: DurabilityStack,
  ingest: Ingest,
  { seconds, stacks }: { readonly seconds: number; readonly stacks: number },
): Promise<OverloadFigures> {
  const capacity = await capacityOf(ingest, stacks);
  const crowd = crowdOf(ingest, stacks, capacity);
  const peak = { ingest: 0, clickhouse: 0 };
  const all = [crowd.greedy, ...crowd.modest];
  for (const client of all) client.start();
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    await sleep(SAMPLE_MS);
    peak.ingest = Math.max(peak.ingest, residentBytes(ingest.process.pid));
    peak.clickhouse = Math.max(peak.clickhouse, residentBytes(stack.clickhouse.pid));
  }
  await crowd.greedy.stop();
  return { capacity, peakIngestBytes: peak.ingest, peakClickHouseBytes: peak.clickhouse, crowd };
}

async function capacityOf({ url }: Ingest, stacks: number): Promise<number> {
  const seconds = 4;
  const alone = { url, service: 'alone', address: '127.0.0.9', perSecond: 20_000, connections: 32, stacks };
  const client = new OverloadClient(alone);
  client.start();
  await sleep(seconds * 1000);
  const { acknowledged } = await client.stop();
  return Math.round(acknowledged / seconds);
}

function crowdOf({ url }: Ingest, stacks: number, capacity: number): Crowd {
  return {
    greedy: new OverloadClient({
      url,
      stacks,
      service: 'greedy',
      address: '127.0.0.10',
      perSecond: 2 * capacity,
      connections: CONNECTIONS_OF_GREEDY,
    }),
    modest: [11, 12, 13].map(
      (host) =>
        new OverloadClient({
          url,
          stacks,
          service: `modest-${host}`,
          address: `127.0.0.${host}`,
          perSecond: capacity * MODEST_SHARE,
          connections: CONNECTIONS_OF_MODEST,
        }),
    ),
  };
}

function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
}
