import { resolve } from 'node:path';
import { CommandFailure, EXIT } from '../../exit.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const SILENCE_VARIABLE = 'EVERFLAME_LIVENESS_TIMEOUT_MS';
const DEFAULT_SILENCE_MS = 30_000;
/** A process that is busy may leave a question unanswered for seconds. */
const MIN_SILENCE_MS = 3000;

/** One address that Everflame listens on. */
export interface Socket {
  readonly host: string;
  readonly port: number;
  readonly purpose: string;
  readonly portVariable: string;
}

interface SocketSetting {
  readonly variable: string;
  /** Variable of the host, where it is not `variable` and `_HOST`; null where the host is fixed. */
  readonly host?: string | null;
  readonly purpose: string;
  readonly port: number;
}

const SOCKETS = {
  query: { variable: 'QUERY', purpose: 'the dashboard and the query API', port: 4040 },
  ingestHttp: { variable: 'INGEST_HTTP', host: 'INGEST_HOST', purpose: 'ingest over HTTP', port: 4041 },
  ingestGrpc: { variable: 'INGEST_GRPC', host: 'INGEST_HOST', purpose: 'ingest over gRPC', port: 4042 },
  scraper: { variable: 'SCRAPER', purpose: 'the scraper', port: 4043 },
  alerter: { variable: 'ALERTER', purpose: 'the alerter', port: 4044 },
  clickhouse: { variable: 'CLICKHOUSE_EMBEDDED', purpose: 'the embedded ClickHouse', port: 8123 },
  redis: { variable: 'EVERFLAME_REDIS', host: null, purpose: 'the private Redis', port: 6390 },
} as const satisfies Record<string, SocketSetting>;

export type SocketName = keyof typeof SOCKETS;

/** What `everflame up` runs with: the environment, checked and completed. */
export type UpSettings = Readonly<ReturnType<typeof readSettings>>;

/** Reads the settings of `everflame up`. Throws `CommandFailure` (2) that lists every problem at once. */
export function readSettings(env: Environment, cwd: string) {
  const problems: string[] = [];
  const sockets = Object.fromEntries(
    Object.entries(SOCKETS).map(([name, socket]) => [name, readSocket(env, socket, problems)]),
  ) as Record<SocketName, Socket>;
  const clickhouseUrl = readUrl(env, 'CLICKHOUSE_URL', ['http:', 'https:'], problems);
  const redisUrl = readUrl(env, 'REDIS_URL', ['redis:', 'rediss:'], problems);
  const settings = {
    /** Absolute path of the data folder. */
    dataDir: resolve(cwd, env['EVERFLAME_DATA_DIR'] || '.everflame'),
    sockets,
    /** Set when an existing server is to be used and none started. */
    clickhouseUrl,
    redisUrl,
    /** A process that does not answer for as long is killed and started again. */
    silenceMs: readSilence(env, problems),
    /** Absolute path of the configuration file and whether it was asked for by name. */
    configFile: {
      path: resolve(cwd, env['EVERFLAME_CONFIG'] || 'everflame.yaml'),
      required: Boolean(env['EVERFLAME_CONFIG']),
    },
  };
  problems.push(...sharedPorts(ownSockets(settings)));
  if (problems.length > 0) {
    throw new CommandFailure(
      EXIT.invalidSettings,
      'Everflame cannot start with these settings:',
      problems.map((problem) => `  ${problem}`),
    );
  }
  return settings;
}

/** The sockets that this run opens itself: all but those of servers that are used as they are. */
export function ownSockets(settings: Pick<UpSettings, 'sockets' | 'clickhouseUrl' | 'redisUrl'>): Socket[] {
  return Object.entries(settings.sockets)
    .filter(([name]) => name !== 'clickhouse' || settings.clickhouseUrl === undefined)
    .filter(([name]) => name !== 'redis' || settings.redisUrl === undefined)
    .map(([, socket]) => socket);
}

/** `host:port` under which a socket is reached from this machine, also when it listens on every address. */
export function addressOf({ host, port }: Pick<Socket, 'host' | 'port'>): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function readSocket(env: Environment, socket: SocketSetting, problems: string[]): Socket {
  const portVariable = `${socket.variable}_PORT`;
  const text = env[portVariable] || String(socket.port);
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 1 && port <= 65_535)) problems.push(`${portVariable}: "${text}" is not a port (1 to 65535)`);
  const hostVariable = socket.host === undefined ? `${socket.variable}_HOST` : socket.host;
  const host = (hostVariable === null ? undefined : env[hostVariable]) || '127.0.0.1';
  return { host, port, purpose: socket.purpose, portVariable };
}

function readSilence(env: Environment, problems: string[]): number {
  const text = env[SILENCE_VARIABLE] || String(DEFAULT_SILENCE_MS);
  const ms = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(ms >= MIN_SILENCE_MS)) {
    problems.push(
      `${SILENCE_VARIABLE}: "${text}" is not a number of milliseconds (${MIN_SILENCE_MS} or more)`,
    );
  }
  return ms;
}

function readUrl(
  env: Environment,
  variable: string,
  protocols: readonly string[],
  problems: string[],
): string | undefined {
  const text = env[variable] || undefined;
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !protocols.includes(new URL(text).protocol)) {
    problems.push(`${variable}: is not a URL that starts with ${protocols.join('// or ')}//`);
  }
  return text;
}

function sharedPorts(sockets: readonly Socket[]): string[] {
  const problems: string[] = [];
  const seen = new Map<number, Socket>();
  for (const socket of sockets) {
    const other = seen.get(socket.port);
    if (other) problems.push(`${socket.portVariable} and ${other.portVariable} are both ${socket.port}`);
    else seen.set(socket.port, socket);
  }
  return problems;
}
