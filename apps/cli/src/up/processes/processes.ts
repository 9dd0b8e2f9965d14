import { fileURLToPath } from 'node:url';
import type { DataFolder } from '../preparation/data-folder.ts';
import { childEnvironments, type ServiceName } from '../settings/environment.ts';
import { LogFile } from '../supervision/log-file.ts';
import { configureRedis, endLeftoverRedis, redisProblem } from './redis-server.ts';
import { openSecrets } from '../settings/secrets.ts';
import { addressOf, type Environment, type UpSettings } from '../settings/settings.ts';
import type { ProcessSpec } from '../supervision/supervised-process.ts';

const ROOT = new URL('../../../../../', import.meta.url);
const GUARD = fileURLToPath(new URL('apps/cli/bin/guard.mjs', ROOT));
const PROBE_TIMEOUT_MS = 3000;
/** What a connection ends with that the other process has closed. */
const RESET: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);
/** Exit code of the embedded ClickHouse when its data folder is in use. */
export const CLICKHOUSE_LOCKED = 3;
/** Exit code of the embedded ClickHouse and of the services for what no restart mends, such as wrong settings. */
export const UNMENDABLE = 2;
const TAKE_OVER_MS = 20_000;
const START_TIMEOUT_MS = 90_000;
/** Opening a large data folder takes its time. */
const CLICKHOUSE_START_TIMEOUT_MS = 600_000;
const SERVICE_STOP_TIMEOUT_MS = 16_000;
const STORE_STOP_TIMEOUT_MS = 20_000;

/** Names of the processes in the order in which they are stopped: writers first, what they write to last. */
export const STOP_ORDER = ['scraper', 'alerter', 'ingest', 'query', 'clickhouse', 'redis'] as const;

/** What `everflame up` starts: ingest and the stores, and then those that have nothing to do without stores. */
export type ProcessPlan = Readonly<ReturnType<typeof planProcesses>>;

/**
 * Describes every process of a run. `redisProgram` is needed where a private Redis is to be started; `tookOver` tells
 * that the run before was killed, so that its processes may still be ending.
 */
export function planProcesses(
  settings: UpSettings,
  env: Environment,
  folder: DataFolder,
  options: { hasConfigFile: boolean; redisProgram: string | undefined; tookOver: boolean },
) {
  const secrets = openSecrets(folder.path);
  const environments = childEnvironments(settings, env, { hasConfigFile: options.hasConfigFile, secrets });
  const { sockets } = settings;
  const ours = (name: ServiceName | 'clickhouse', main: string, address: string, readyPath: string) => ({
    name,
    args: [mainFile(main)],
    env: environments[name],
    log: new LogFile(folder.logs, name),
    isAlive: (timeoutMs: number) => answersHttp(`http://${address}/healthz`, timeoutMs),
    notReadyBecause: () => httpProblem(`http://${address}${readyPath}`),
  });
  const service = (name: ServiceName, address: string): ProcessSpec => ({
    ...ours(name, `services/${name}`, address, '/readyz'),
    startTimeoutMs: START_TIMEOUT_MS,
    stopTimeoutMs: SERVICE_STOP_TIMEOUT_MS,
    fatalExitCodes: [UNMENDABLE],
  });
  const stores: ProcessSpec[] = [];
  if (settings.clickhouseUrl === undefined) {
    stores.push({
      ...ours('clickhouse', 'packages/embedded-clickhouse', addressOf(sockets.clickhouse), '/ping'),
      startTimeoutMs: CLICKHOUSE_START_TIMEOUT_MS,
      stopTimeoutMs: STORE_STOP_TIMEOUT_MS,
      fatalExitCodes: [UNMENDABLE, CLICKHOUSE_LOCKED],
      ...(options.tookOver ? { busy: { exitCode: CLICKHOUSE_LOCKED, forMs: TAKE_OVER_MS } } : {}),
    });
  }
  if (settings.redisUrl === undefined && options.redisProgram !== undefined) {
    const { redis: password } = secrets;
    stores.push(
      redisSpec(options.redisProgram, sockets.redis, folder, { env: environments.redis, password }),
    );
  }
  return {
    ingest: service('ingest', addressOf(sockets.ingestHttp)),
    stores,
    rest: [
      service('query', addressOf(sockets.query)),
      service('alerter', addressOf(sockets.alerter)),
      service('scraper', addressOf(sockets.scraper)),
    ],
  };
}

/** A private Redis under the guard, as Redis itself does not notice that its parent is gone. */
export function redisSpec(
  program: string,
  socket: { readonly host: string; readonly port: number },
  folder: Pick<DataFolder, 'redis' | 'logs'>,
  { env, password }: { env: Readonly<Record<string, string>>; password: string },
): ProcessSpec {
  const { host, port } = socket;
  return {
    name: 'redis',
    args: [GUARD, program, ...configureRedis(folder.redis, { host, port, password })],
    env,
    cwd: folder.redis,
    log: new LogFile(folder.logs, 'redis'),
    isAlive: async (timeoutMs) =>
      (await redisProblem(`redis://:${password}@${addressOf(socket)}`, timeoutMs)) === undefined,
    notReadyBecause: () => Promise.resolve(undefined),
    beforeStart: async () => void (await endLeftoverRedis(host, port, { folder: folder.redis, password })),
    startTimeoutMs: START_TIMEOUT_MS,
    stopTimeoutMs: STORE_STOP_TIMEOUT_MS,
    fatalExitCodes: [],
  };
}

/**
 * Whether the process behind `url` is alive: it answers within the time, anything but an error of its own, or resets the
 * connection (a server that has as many as it may take does).
 */
export async function answersHttp(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await response.arrayBuffer();
    return response.status < 500;
  } catch (error) {
    return error instanceof Error && RESET.has(codeOf(error.cause));
  }
}

/** Nothing when a GET of `url` answers 200, else why it does not; of `/readyz` the checks that fail. */
export async function httpProblem(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const text = await response.text();
    if (response.status === 200) return undefined;
    return failedChecks(text) ?? `${url} answers ${response.status} ${text.slice(0, 500)}`;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return `${url} does not answer (${cause instanceof Error ? cause.message : String(cause)})`;
  }
}

function failedChecks(text: string): string | undefined {
  try {
    const { checks } = JSON.parse(text) as { checks: Record<string, string> };
    const failed = Object.entries(checks).filter(([, outcome]) => !outcome.startsWith('ok'));
    return failed.length === 0
      ? undefined
      : failed.map(([name, outcome]) => `${name}: ${outcome}`).join('; ');
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function mainFile(folder: string): string {
  return fileURLToPath(new URL(`${folder}/dist/main.js`, ROOT));
}
