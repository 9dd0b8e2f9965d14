import { type Logger, Repeating } from '@everflame/service-kit';

const RETRY_MS = 1000;

export type Reconciler = Readonly<ReturnType<typeof startReconciler>>;

/** Runs `reconcile` now and every `everyMs`, or every second until it succeeds; never twice at once. */
export function startReconciler(everyMs: number, logger: Logger, reconcile: () => Promise<void>) {
  let failure: string | undefined = 'the rules have not been scheduled yet';
  const repeating = new Repeating(async () => {
    try {
      await reconcile();
      failure = undefined;
      return everyMs;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== failure) logger.warn({ err: error }, 'rules could not be scheduled');
      failure = reason;
      return Math.min(RETRY_MS, everyMs);
    }
  });
  return {
    /** Throws with the reason while the last run has failed, or none has ended. */
    check: () => (failure === undefined ? Promise.resolve() : Promise.reject(new Error(failure))),
    hurry: () => repeating.hurry(),
    /** Resolves when nothing runs any more. */
    stop: () => repeating.stop(),
  };
}
