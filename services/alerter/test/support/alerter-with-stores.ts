import type { RunningService } from '@everflame/service-kit';
import { openClickHouse } from '@everflame/storage';
import { freshDatabase, startTestClickHouse, startTestRedis, quietLogger } from '@everflame/testkit';
import { readConfig } from '../../src/config.ts';
import { createAlerter } from '../../src/create-alerter.ts';
import type { Notifiers } from '../../src/notifiers/notifier.ts';
import { ProfileWriter } from './profile-writer.ts';

/** An alerter on real stores of its own. */
export interface AlerterWithStores {
  readonly alerter: RunningService;
  readonly writer: ProfileWriter;
  /** Asks its API for what is below `/api/v1/`. */
  call(method: string, path: string, body?: unknown): Promise<Response>;
  stop(): Promise<void>;
}

export async function startAlerterWithStores(
  env: Readonly<Record<string, string>> = {},
  notifiers?: Notifiers,
): Promise<AlerterWithStores> {
  const [server, redis] = await Promise.all([startTestClickHouse(), startTestRedis()]);
  const database = await freshDatabase(server.url);
  const config = readConfig({
    ALERTER_PORT: '0',
    CLICKHOUSE_URL: server.url,
    CLICKHOUSE_DATABASE: database.name,
    CLICKHOUSE_EMBEDDED: 'true',
    REDIS_URL: redis.url,
    ALERTER_QUEUE_PREFIX: database.name,
    ALERTER_RECONCILE_EVERY_MS: '500',
    ...env,
  });
  const alerter = await createAlerter(config, quietLogger(), notifiers);
  await alerter.prepared;
  const clickhouse = openClickHouse({
    url: server.url,
    database: database.name,
    requestTimeoutMs: 30_000,
  });
  return {
    alerter,
    writer: new ProfileWriter(clickhouse),
    call: (method, path, body) =>
      fetch(`${alerter.url}/api/v1/${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
    stop: async () => {
      await alerter.close();
      await clickhouse.close();
      await redis.stop();
      await database.drop();
      await server.stop();
    },
  };
}
