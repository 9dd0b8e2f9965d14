import type { Logger, RunningService } from '@everflame/service-kit';
import { type ClickHouse, migrate, openClickHouse, type ProfileBatch } from '@everflame/storage';
import { freshDatabase, startTestClickHouse, quietLogger, insertBatch } from '@everflame/testkit';
import { readConfig } from '../../src/config.ts';
import { createQuery } from '../../src/create-query.ts';

/** A query service over a database of its own. */
export class TestQuery {
  readonly clickhouse: ClickHouse;
  readonly #service: RunningService;
  readonly #dispose: () => Promise<void>;

  private constructor(clickhouse: ClickHouse, service: RunningService, dispose: () => Promise<void>) {
    this.clickhouse = clickhouse;
    this.#service = service;
    this.#dispose = dispose;
  }

  /** `through` answers the address of something between the service and ClickHouse, given that of ClickHouse. */
  static async start(
    logger: Logger = quietLogger(),
    through: (clickhouseUrl: string) => Promise<string> = (url) => Promise.resolve(url),
    settings: Readonly<Record<string, string>> = {},
  ): Promise<TestQuery> {
    const server = await startTestClickHouse();
    const database = await freshDatabase(server.url);
    const clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
    await migrate(clickhouse, { embedded: true });
    const config = readConfig({
      QUERY_PORT: '0',
      CLICKHOUSE_URL: await through(server.url),
      CLICKHOUSE_DATABASE: database.name,
      CLICKHOUSE_EMBEDDED: 'true',
      QUERY_INGEST_URL: 'http://127.0.0.1:1',
      SCRAPER_URL: 'http://127.0.0.1:1',
      ALERTER_URL: 'http://127.0.0.1:1',
      QUERY_CACHE_BYTES: '0',
      ...settings,
    });
    const service = await createQuery(config, logger);
    await service.prepared;
    return new TestQuery(clickhouse, service, async () => {
      await service.close();
      await clickhouse.close();
      await database.drop();
      await server.stop();
    });
  }

  get app(): RunningService['app'] {
    return this.#service.app;
  }

  get url(): string {
    return this.#service.url;
  }

  insert(batch: ProfileBatch): Promise<void> {
    return insertBatch(this.clickhouse, batch);
  }

  get(path: string, params: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(params).toString()}`);
  }

  /** The answer as text; throws what an error answer says. */
  async text(path: string, params: Record<string, string> = {}): Promise<string> {
    const response = await this.get(path, params);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
    return text;
  }

  async json<T>(path: string, params: Record<string, string> = {}): Promise<T> {
    return JSON.parse(await this.text(path, params)) as T;
  }

  close(): Promise<void> {
    return this.#dispose();
  }
}
