import { z } from 'zod';
import { flagSchema, positiveIntSchema } from './env.ts';

/** Variables of the connection to ClickHouse; services that have one put them into their schema. */
export const clickhouseShape = {
  CLICKHOUSE_URL: z.url().default('http://127.0.0.1:8123'),
  CLICKHOUSE_DATABASE: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .default('everflame'),
  CLICKHOUSE_USERNAME: z.string().default('default'),
  CLICKHOUSE_PASSWORD: z.string().default(''),
  CLICKHOUSE_EMBEDDED: flagSchema.default(false),
  CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/)
    .optional(),
  CLICKHOUSE_TIMEOUT_MS: positiveIntSchema.default(30_000),
};

/** The connection to ClickHouse of a service. */
export type ClickHouseConfig = Readonly<ReturnType<typeof clickhouseConfig>>;

export function clickhouseConfig(values: z.infer<z.ZodObject<typeof clickhouseShape>>) {
  return {
    url: values.CLICKHOUSE_URL,
    database: values.CLICKHOUSE_DATABASE,
    username: values.CLICKHOUSE_USERNAME,
    password: values.CLICKHOUSE_PASSWORD,
    /** Whether it is the embedded one. */
    embedded: values.CLICKHOUSE_EMBEDDED,
    /** Name of the cluster that has the tables; a single server where absent. */
    cluster: values.CLICKHOUSE_CLUSTER,
    requestTimeoutMs: values.CLICKHOUSE_TIMEOUT_MS,
  };
}
