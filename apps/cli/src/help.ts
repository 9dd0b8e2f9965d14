import type { Command } from './command.ts';

const EVERFLAME = `everflame: continuous profiling for a whole fleet

  everflame up      start everything on this machine and keep it running
  everflame push    send one pprof file
  everflame delete  remove stored profiles
  everflame doctor  find profiles whose stacks are lost

Add --help to a command to read more.
`;

const UP = `everflame up: start everything on this machine and keep it running

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
used, 5 port in use, 6 Redis missing. docs/operations.md says more.
`;

const PUSH = `everflame push FILE --service NAME [--label NAME=VALUE]… [--name PROFILE] [--address HOST:PORT]

Sends one pprof file (gzip or not) to ingest over gRPC and prints what was stored.

  --service NAME       value of the label service_name; required
  --label NAME=VALUE   a further label; may be repeated
  --name PROFILE       profile name such as process_cpu or memory; guessed from the file when left out
  --address HOST:PORT  gRPC address of ingest (127.0.0.1:4042)

Exit codes: 0 stored, 1 refused or not reachable, 2 wrong arguments.
`;

const DELETE = `everflame delete SELECTOR --from TIME --to TIME [--yes] [--address URL]

Shows what is stored of the series that match within the time, asks, and removes it for good, with
what was rolled up of it. SELECTOR is like {service_name="checkout",env=~"dev|test"}, {} is everything.
TIME is like now-7d, now, 2026-11-23T10:00:00Z or Unix ms.

  --yes          do not ask
  --address URL  the query API (http://127.0.0.1:4040)

Exit codes: 0 removed, or nothing to remove, 1 refused, not wanted or not reachable, 2 wrong arguments.
`;

const DOCTOR = `everflame doctor [SELECTOR] [--from TIME] [--to TIME] [--repair] [--json] [--address URL]

Looks at every stack of the profiles and rollups that match within the time, and says which cannot be
resolved to functions, of which service, type and time, what they hold, and what can be done about it.
SELECTOR is like {service_name="checkout"}; without one it looks at everything.

  --from TIME, --to TIME  from now-14d, to now
  --repair                store those again that another service has
  --json                  one JSON object instead of text
  --address URL           the query API (http://127.0.0.1:4040)

Exit codes: 0 nothing is lost, 1 refused or not reachable, 2 wrong arguments, 10 something is lost.
`;

const TEXTS = { everflame: EVERFLAME, up: UP, push: PUSH, delete: DELETE, doctor: DOCTOR } as const;

/** The text of `--help`. */
export function helpText(topic: Extract<Command, { kind: 'help' }>['topic']): string {
  return TEXTS[topic];
}
