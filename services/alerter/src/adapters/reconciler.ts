import type { Logger } from '@everflame/service-kit';

const RETRY_MS = 1000;

export interface Reconciler {
  /** Throws with the reason while the last run has failed, or none has ended. */
  readonly check: () => Promise<void>;
  /** Has the next run begin at once, or when the one that is under way has ended. */
  readonly hurry: () => void;
  /** Resolves when nothing runs any more. */
  readonly stop: () => Promise<void>;
}

/** Runs `reconcile` now and every `everyMs`, or every second until it succeeds; never twice at once. */
export function startReconciler(everyMs: number, logger: Logger, reconcile: () => Promise<void>): Reconciler {
  let failure: string | undefined = 'the rules have not been scheduled yet';
  let isStopped = false;
  let isHurried = false;
  /** Undefined while it runs. */
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    isHurried = false;
    try {
      await reconcile();
      failure = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== failure) logger.warn({ err: error }, 'rules could not be scheduled');
      failure = reason;
    }
    if (isStopped) return;
    const pauseMs = failure === undefined ? everyMs : Math.min(RETRY_MS, everyMs);
    timer = setTimeout(runAgain, isHurried ? 0 : pauseMs);
  };
  const runAgain = (): void => {
    clearTimeout(timer);
    timer = undefined;
    running = run();
  };
  let running = run();
  return {
    check: () => (failure === undefined ? Promise.resolve() : Promise.reject(new Error(failure))),
    hurry: () => {
      isHurried = true;
      if (timer !== undefined && !isStopped) runAgain();
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
