/** The password of every embedded ClickHouse that a benchmark starts. */
export const CLICKHOUSE_PASSWORD = 'benchmark';

/** What hands it to the embedded ClickHouse and to the services, of which each takes its own. */
export const CLICKHOUSE_CREDENTIALS = {
  CLICKHOUSE_EMBEDDED_PASSWORD: CLICKHOUSE_PASSWORD,
  CLICKHOUSE_PASSWORD,
};
