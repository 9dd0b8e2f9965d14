import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningService } from '@everflame/service-kit';
import { freePort, quietLogger } from '@everflame/testkit';
import { readConfig } from '../../src/config.ts';
import { createIngest } from '../../src/create-ingest.ts';

/** An ingest service of its own whose ClickHouse is away: it takes profiles into its spool. */
export interface TestIngest {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly url: string;
  /** The value of a metric, summed over all its labels that contain `labels`. */
  metric(name: string, labels?: string): Promise<number>;
  close(): Promise<void>;
}

export async function startTestIngest(env: Readonly<Record<string, string>> = {}): Promise<TestIngest> {
  const folder = await mkdtemp(join(tmpdir(), 'everflame-ingest-'));
  const [grpcPort, nobodyPort] = [await freePort(), await freePort()];
  const service: RunningService = await createIngest(
    readConfig({
      INGEST_HTTP_PORT: '0',
      INGEST_GRPC_PORT: String(grpcPort),
      INGEST_SPOOL_DIR: join(folder, 'spool'),
      CLICKHOUSE_URL: `http://127.0.0.1:${nobodyPort}`,
      ...env,
    }),
    quietLogger(),
  );
  const { url } = service;
  return {
    url,
    grpcPort,
    httpPort: Number(new URL(url).port),
    metric: async (name, labels = '') => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return text
        .split('\n')
        .filter((line) => line.startsWith(name) && line.includes(labels))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    close: async () => {
      await service.close();
      await rm(folder, { recursive: true });
    },
  };
}
