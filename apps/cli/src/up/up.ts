import { setTimeout as delay } from 'node:timers/promises';
import type { FileLock } from '@everflame/service-kit/file-lock';
import { CommandFailure, EXIT, type ExitCode } from '../exit.ts';
import { type DataFolder, lockDataFolder, openDataFolder } from './preparation/data-folder.ts';
import type { Report } from './supervision/kept-process.ts';
import {
  checkConfigFile,
  checkPorts,
  reportExternalStores,
  requireRedisProgram,
} from './preparation/prepare.ts';
import {
  CLICKHOUSE_LOCKED,
  planProcesses,
  type ProcessPlan,
  STOP_ORDER,
  UNMENDABLE,
} from './processes/processes.ts';
import { addressOf, type Environment, readSettings, type UpSettings } from './settings/settings.ts';
import { listenForStop, type StopRequests } from './stop-signals.ts';
import { ProcessFailedError } from './supervision/supervised-process.ts';
import { Supervisor, supervisionPolicy } from './supervision/supervisor.ts';

const MAX_LOG_BYTES = 64 * 1024 * 1024;
const LOG_CHECK_MS = 60_000;
/** All processes together are gone by then, as each has its own limit. */
const STOP_LIMIT_MS = 60_000;
/** How long the others wait for the stores, without which they only complain. */
const HEAD_START_MS = 3000;
/** When it is said what runs and what is waited for, where not everything is ready by then. */
const UP_LINE_MS = 15_000;

const report: Report = (line) => {
  process.stdout.write(`${line}\n`);
};

/**
 * Starts everything on this machine, keeps it running and stops it in order when asked to.
 * Resolves to the exit code once nothing runs any more.
 */
export async function up(env: Environment, cwd: string): Promise<ExitCode> {
  const requests = listenForStop();
  const settings = readSettings(env, cwd);
  const hasConfigFile = await checkConfigFile(settings.configFile);
  const folder = await openDataFolder(settings.dataDir);
  const lock = await lockDataFolder(folder, {
    waitMs: STOP_LIMIT_MS,
    onWait: () => report('… waiting for the previous run to stop'),
  });
  void requests.stop.then(() => lock.markStopping());
  try {
    const ready = await Promise.race([
      prepare(settings, env, { folder, lock, hasConfigFile }),
      requests.stop.then(() => undefined),
    ]);
    if (ready === undefined) return EXIT.ok;
    return await supervise(ready, settings, folder, requests);
  } finally {
    lock.release();
  }
}

async function prepare(
  settings: UpSettings,
  env: Environment,
  { folder, lock, hasConfigFile }: { folder: DataFolder; lock: FileLock; hasConfigFile: boolean },
): Promise<ProcessPlan> {
  await checkPorts(settings, folder, lock, report);
  const redisProgram = settings.redisUrl === undefined ? await requireRedisProgram(report) : undefined;
  return planProcesses(settings, env, folder, { hasConfigFile, redisProgram, tookOver: lock.wasStale });
}

async function supervise(
  plan: ProcessPlan,
  settings: UpSettings,
  folder: DataFolder,
  requests: StopRequests,
): Promise<ExitCode> {
  const supervisor = new Supervisor(report, supervisionPolicy(settings.silenceMs));
  void reportExternalStores(settings, report);
  const all = [plan.ingest, ...plan.stores, ...plan.rest];
  for (const { log } of all) log.rotate();
  const logTimer = setInterval(() => {
    for (const { log } of all) log.limit(MAX_LOG_BYTES);
  }, LOG_CHECK_MS);
  let killed = false;
  void requests.kill.then(() => {
    killed = true;
    supervisor.kill();
  });
  try {
    const exitCode = await runUntilStopped(supervisor, plan, { settings, folder, requests });
    await supervisor.stop(STOP_ORDER);
    report(killed ? 'Everflame was killed.' : 'Everflame is stopped.');
    return killed ? EXIT.killed : exitCode;
  } finally {
    clearInterval(logTimer);
    await supervisor.stop(STOP_ORDER);
  }
}

async function runUntilStopped(
  supervisor: Supervisor,
  plan: ProcessPlan,
  { settings, folder, requests }: { settings: UpSettings; folder: DataFolder; requests: StopRequests },
): Promise<ExitCode> {
  const stopped = requests.stop.then((reason) => ({ reason }));
  const waiting = setTimeout(() => announceWaiting(supervisor, settings), UP_LINE_MS);
  const started = startAll(supervisor, plan).then(() => {
    clearTimeout(waiting);
    announce(settings, folder);
  });
  try {
    const end = await Promise.race([stopped, supervisor.failure, started.then(() => stopped)]);
    if (end instanceof ProcessFailedError) throw end;
    report(`Stopping (${end.reason}) …`);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof ProcessFailedError) throw failureOf(error, folder);
    throw error;
  } finally {
    clearTimeout(waiting);
    started.catch(() => undefined);
  }
}

async function startAll(supervisor: Supervisor, plan: ProcessPlan): Promise<void> {
  const stores = supervisor.startStage(plan.stores);
  const ingest = supervisor.startStage([plan.ingest]);
  const begun = Promise.all([stores, ingest]);
  await Promise.race([begun, stores, delay(HEAD_START_MS)]);
  await Promise.all([begun, supervisor.startStage(plan.rest)]);
}

function announce(settings: UpSettings, folder: DataFolder): void {
  const ingest = addressOf(settings.sockets.ingestGrpc);
  const address = ingest === '127.0.0.1:4042' ? '' : ` --address ${ingest}`;
  report(`
Everflame is ready: http://${addressOf(settings.sockets.query)}

  data and logs   ${folder.path}
  add a service   name it in ${settings.configFile.path} (docs/configuration.md),
                  or send one profile: npx everflame push cpu.pb.gz --service checkout${address}
  stop            Ctrl-C
`);
}

/** Each of those that are missing has had a line that says why. */
function announceWaiting({ waiting }: Supervisor, { sockets }: UpSettings): void {
  const names = [...waiting.keys()].join(', ');
  report(`Everflame is up: http://${addressOf(sockets.query)}; not ready yet: ${names}`);
}

function failureOf(error: ProcessFailedError, folder: DataFolder): CommandFailure {
  const isLocked = error.processName === 'clickhouse' && error.code === CLICKHOUSE_LOCKED;
  const isUnmendable = error.code === UNMENDABLE;
  const log = `The whole log: ${folder.logs}/${error.processName}.log`;
  const lines = [...error.lines.map((line) => `  ${line}`), log];
  const exitCode = isLocked ? EXIT.locked : isUnmendable ? EXIT.invalidSettings : EXIT.failed;
  return new CommandFailure(exitCode, `${error.message}:`, lines);
}
