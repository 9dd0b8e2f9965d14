import { freshDatabase, startTestClickHouse } from '@everflame/testkit';
import { type ClickHouse, migrate, openClickHouse } from '../src/index.ts';

export interface FreshStorage {
  readonly url: string;
  readonly clickhouse: ClickHouse;
  drop(): Promise<void>;
}

/** A migrated database of its own on a real ClickHouse. */
export async function freshStorage(): Promise<FreshStorage> {
  const server = await startTestClickHouse();
  const database = await freshDatabase(server.url);
  const clickhouse = openClickHouse({ url: server.url, database: database.name, requestTimeoutMs: 30_000 });
  await migrate(clickhouse, { embedded: true });
  return {
    url: server.url,
    clickhouse,
    async drop() {
      await clickhouse.close();
      await database.drop();
      await server.stop();
    },
  };
}
