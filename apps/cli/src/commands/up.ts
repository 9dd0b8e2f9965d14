import { defineCommand, usageFailure } from '../command.ts';
import { up } from '../up/up.ts';

const HELP = `everflame up: start everything on this machine and keep it running

Starts ClickHouse (embedded), Redis, ingest, query with the dashboard, alerter and scraper, restarts
what dies, and stops all of it on Ctrl-C. Reads everflame.yaml in the current folder when there is one.

Settings are environment variables:
  EVERFLAME_DATA_DIR       where everything is kept               (.everflame)
  EVERFLAME_CONFIG         targets to scrape and alert rules      (everflame.yaml)
  QUERY_PORT               dashboard and query API                (4040)
  INGEST_HTTP_PORT         ingest over HTTP                       (4041)
  INGEST_GRPC_PORT         ingest over gRPC                       (4042)
  SCRAPER_PORT             scraper: health and metrics            (4043)
  ALERTER_PORT             alerter: health and metrics            (4044)
  CLICKHOUSE_EMBEDDED_PORT embedded ClickHouse                    (8123)
  EVERFLAME_REDIS_PORT     private Redis                          (6390)
  CLICKHOUSE_URL           use this ClickHouse, start none
  REDIS_URL                use this Redis, start none
  LOG_LEVEL                trace, debug, info, warn, error        (info)

Exit codes: 0 stopped, 1 failed, 2 settings or a newer database, 3 data folder in use, 4 data folder cannot be
used, 5 port in use, 6 Redis missing. docs/runbook.md says more.
`;

export const command = defineCommand({
  name: 'up',
  help: HELP,
  options: {},
  read: (_values, positionals) => {
    const [unexpected] = positionals;
    if (unexpected === undefined) return {};
    throw usageFailure(`everflame up: Unexpected argument '${unexpected}'.`, 'everflame up --help');
  },
  run: () => up(process.env, process.cwd()),
});
