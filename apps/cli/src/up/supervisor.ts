import { setTimeout as delay } from 'node:timers/promises';
import { deferred } from '../deferred.ts';
import { type ProcessSpec, ProcessFailedError, SupervisedProcess } from './supervised-process.ts';

/** How often a process that dies is started again, and how long between two tries. */
export interface RestartPolicy {
  readonly maxRestarts: number;
  readonly windowMs: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export const RESTART_POLICY: RestartPolicy = {
  maxRestarts: 5,
  windowMs: 5 * 60_000,
  firstDelayMs: 500,
  maxDelayMs: 10_000,
};

/** Shows one line to the user. */
export type Report = (line: string) => void;

/**
 * Starts processes stage by stage, starts again what dies, and stops all of them in the given order.
 * `failure` settles when a process died too often; nothing has been stopped by then.
 */
export class Supervisor {
  readonly failure: Promise<ProcessFailedError>;
  private readonly processes = new Map<string, SupervisedProcess>();
  private readonly restarts = new Map<string, number[]>();
  private readonly stopping = new AbortController();
  private readonly report: Report;
  private readonly policy: RestartPolicy;
  private readonly fail: (error: ProcessFailedError) => void;

  constructor(report: Report, policy: RestartPolicy = RESTART_POLICY) {
    this.report = report;
    this.policy = policy;
    const failure = deferred<ProcessFailedError>();
    this.failure = failure.promise;
    this.fail = failure.resolve;
  }

  /** Starts the processes of a stage side by side and resolves when all are ready. Throws the first failure. */
  async startStage(stage: readonly ProcessSpec[]): Promise<void> {
    await Promise.all(
      stage.map(async (spec) => {
        const child = new SupervisedProcess(spec, (ending) => void this.startAgain(child, ending));
        this.processes.set(spec.name, child);
        const since = performance.now();
        await child.start(this.stopping.signal);
        this.report(`✓ ${spec.name} (${secondsSince(since)})`);
      }),
    );
  }

  /** Stops everything that runs: the processes named in `order` first and one by one, then the rest. */
  async stop(order: readonly string[]): Promise<void> {
    this.stopping.abort();
    for (const name of order) await this.processes.get(name)?.stop();
    await Promise.all([...this.processes.values()].map((child) => child.stop()));
  }

  /** Ends everything at once. */
  kill(): void {
    this.stopping.abort();
    for (const child of this.processes.values()) child.kill();
  }

  /** The process id under which `name` runs. */
  pidOf(name: string): number | undefined {
    return this.processes.get(name)?.pid;
  }

  private async startAgain(child: SupervisedProcess, ending: string): Promise<void> {
    const { name } = child.spec;
    let reason = `${name} ended (${ending})`;
    while (!this.stopping.signal.aborted) {
      const nth = this.countRestart(name);
      if (nth > this.policy.maxRestarts) {
        const message = `${reason}, after it was started again ${this.policy.maxRestarts} times`;
        this.fail(new ProcessFailedError(name, message, null, child.lastLines()));
        return;
      }
      const delayMs = Math.min(this.policy.firstDelayMs * 2 ** (nth - 1), this.policy.maxDelayMs);
      this.report(
        `! ${reason}; starting it again in ${delayMs / 1000} s (${nth} of ${this.policy.maxRestarts})`,
      );
      const since = performance.now();
      try {
        await delay(delayMs, undefined, { signal: this.stopping.signal });
        await child.start(this.stopping.signal);
        this.report(`✓ ${name} is back (${secondsSince(since)})`);
        return;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
      }
    }
  }

  /** The number of this restart among those of the last `windowMs`. */
  private countRestart(name: string): number {
    const now = performance.now();
    const recent = (this.restarts.get(name) ?? []).filter((at) => now - at < this.policy.windowMs);
    recent.push(now);
    this.restarts.set(name, recent);
    return recent.length;
  }
}

/** Time since `since` (of `performance.now()`), such as `0.6 s`. */
export function secondsSince(since: number): string {
  const seconds = (performance.now() - since) / 1000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}
