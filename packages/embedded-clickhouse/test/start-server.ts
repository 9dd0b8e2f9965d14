import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouseLogLevel, createClient, type ClickHouseClient } from '@clickhouse/client';
import { startEmbeddedClickHouse } from '../src/index.ts';
import type { EmbeddedClickHouse, EmbeddedClickHouseOptions } from '../src/http/server.ts';

export interface RunningServer {
  readonly server: EmbeddedClickHouse;
  readonly client: ClickHouseClient;
  readonly dataDir: string;
  stop(): Promise<void>;
}

export async function startServer(options: Partial<EmbeddedClickHouseOptions> = {}): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'everflame-embedded-'));
  const server = await startEmbeddedClickHouse({ dataDir, password: '', ...options });
  const client = createClient({
    url: server.url,
    password: options.password ?? '',
    max_open_connections: 32,
    log: { level: ClickHouseLogLevel.OFF },
  });
  return {
    server,
    client,
    dataDir,
    async stop() {
      await client.close();
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Polls until the condition holds; fails with what was awaited. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
