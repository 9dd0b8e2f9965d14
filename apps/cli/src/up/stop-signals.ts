import { deferred } from '../deferred.ts';

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A terminal and npm may both pass on the same Ctrl-C; what follows this close is the same request. */
const SAME_REQUEST_MS = 700;
const PARENT_POLL_MS = 200;

/** Asks that arrive from outside to stop. */
export type StopRequests = Readonly<ReturnType<typeof listenForStop>>;

/**
 * Listens for Ctrl-C, SIGTERM and SIGHUP and, when npm started this process, for the end of npm. `stop` resolves with the
 * reason of the first request, `kill` when a second one follows: stop at once.
 */
export function listenForStop() {
  const stop = deferred<string>();
  const kill = deferred<void>();
  let firstAt: number | undefined;
  const request = (reason: string): void => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      stop.resolve(reason);
    } else if (performance.now() - firstAt > SAME_REQUEST_MS) kill.resolve();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, () => request(signal));
  if (process.env['npm_lifecycle_event'] !== undefined) {
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      request('npm is gone');
    }, PARENT_POLL_MS);
    timer.unref();
  }
  return { stop: stop.promise, kill: kill.promise };
}
