import { deferred } from '../../deferred.ts';
import { KeptProcess, type Report, type SupervisionPolicy } from './kept-process.ts';
import type { ProcessFailedError, ProcessSpec } from './supervised-process.ts';

/** Six questions without an answer are the end of a process. */
export function supervisionPolicy(silenceMs: number): SupervisionPolicy {
  return {
    restart: { firstDelayMs: 500, maxDelayMs: 30_000, healthyMs: 60_000 },
    liveness: { intervalMs: silenceMs / 6, timeoutMs: silenceMs / 6, silenceMs },
    patienceMs: 10_000,
  };
}

/**
 * Starts processes, keeps each of them running whatever happens to the others, and stops all of them in the given order.
 * `failure` settles when one could not start for a reason that no restart mends; nothing has been stopped by then.
 */
export class Supervisor {
  readonly failure: Promise<ProcessFailedError>;
  readonly #processes = new Map<string, KeptProcess>();
  readonly #stopping = new AbortController();
  readonly #report: Report;
  readonly #policy: SupervisionPolicy;
  readonly #fail: (error: ProcessFailedError) => void;

  constructor(report: Report, policy: SupervisionPolicy = supervisionPolicy(30_000)) {
    this.#report = report;
    this.#policy = policy;
    const failure = deferred<ProcessFailedError>();
    this.failure = failure.promise;
    this.#fail = failure.resolve;
  }

  /** Starts the processes of a stage side by side. Resolves when all have been ready; throws what `failure` settles with. */
  async startStage(stage: readonly ProcessSpec[]): Promise<void> {
    await Promise.all(
      stage.map(async (spec) => {
        const kept = new KeptProcess(spec, this.#policy, this.#report, this.#stopping.signal);
        this.#processes.set(spec.name, kept);
        const failure = await kept.ready;
        if (failure === undefined) return;
        if (!this.#stopping.signal.aborted) this.#fail(failure);
        throw failure;
      }),
    );
  }

  /** What each process that cannot do its work now waits for, by name. */
  get waiting(): ReadonlyMap<string, string> {
    const waiting = new Map<string, string>();
    for (const [name, { waitsFor }] of this.#processes)
      if (waitsFor !== undefined) waiting.set(name, waitsFor);
    return waiting;
  }

  /** Stops everything that runs: the processes named in `order` first and one by one, then the rest. */
  async stop(order: readonly string[]): Promise<void> {
    this.#stopping.abort();
    for (const name of order) await this.#processes.get(name)?.stop();
    await Promise.all([...this.#processes.values()].map((kept) => kept.stop()));
  }

  /** Ends everything at once. */
  kill(): void {
    this.#stopping.abort();
    for (const kept of this.#processes.values()) kept.kill();
  }
}
