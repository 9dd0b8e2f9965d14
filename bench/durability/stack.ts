import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouse, openClickHouse } from '@everflame/storage';
import { FaultProxy, freePort } from '@everflame/testkit';
import { CLICKHOUSE_PASSWORD } from '../load/credentials.ts';
import { ServiceProcess } from './service-process.ts';

const DATABASE = 'everflame';

/** An ingest process with a spool of its own. */
export interface Ingest {
  readonly process: ServiceProcess;
  readonly url: string;
  readonly spoolFolder: string;
}

/** An embedded ClickHouse and any number of ingest processes that reach it through a proxy that can fail. */
export class DurabilityStack {
  readonly folder = mkdtempSync(join(tmpdir(), 'everflame-durability-'));
  readonly clickhouse: ServiceProcess;
  readonly proxy: FaultProxy;
  /** Reads past the proxy. */
  readonly reader: ClickHouse;
  readonly #ingests: Ingest[] = [];

  private constructor(folder: { readonly port: number; readonly proxy: FaultProxy }) {
    const url = `http://127.0.0.1:${folder.port}`;
    this.proxy = folder.proxy;
    this.clickhouse = new ServiceProcess(
      'packages/embedded-clickhouse',
      {
        CLICKHOUSE_EMBEDDED_DATA_DIR: join(this.folder, 'clickhouse'),
        CLICKHOUSE_EMBEDDED_PORT: String(folder.port),
      },
      `${url}/ping`,
    );
    this.reader = openClickHouse({
      url,
      database: DATABASE,
      password: CLICKHOUSE_PASSWORD,
      requestTimeoutMs: 30_000,
    });
  }

  static async start(): Promise<DurabilityStack> {
    const port = await freePort();
    const stack = new DurabilityStack({ port, proxy: await FaultProxy.start(port) });
    try {
      await stack.clickhouse.start();
    } catch (error) {
      await stack.dispose();
      throw error;
    }
    return stack;
  }

  /** An ingest process that is not started yet. */
  async ingest(name: string, env: Readonly<Record<string, string>> = {}): Promise<Ingest> {
    const [http, grpc] = [await freePort(), await freePort()];
    const url = `http://127.0.0.1:${http}`;
    const spoolFolder = join(this.folder, `spool-${name}`);
    const ingest: Ingest = {
      url,
      spoolFolder,
      process: new ServiceProcess(
        'services/ingest',
        {
          INGEST_HTTP_PORT: String(http),
          INGEST_GRPC_PORT: String(grpc),
          INGEST_SPOOL_DIR: spoolFolder,
          INGEST_WORKERS: '1',
          CLICKHOUSE_URL: `http://127.0.0.1:${this.proxy.port}`,
          CLICKHOUSE_DATABASE: DATABASE,
          CLICKHOUSE_EMBEDDED: 'true',
          CLICKHOUSE_TIMEOUT_MS: '3000',
          LOG_LEVEL: 'warn',
          ...env,
        },
        `${url}/readyz`,
      ),
    };
    this.#ingests.push(ingest);
    return ingest;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#ingests.map((ingest) => ingest.process.kill()));
    await this.reader.close();
    await this.clickhouse.kill();
    await this.proxy.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
