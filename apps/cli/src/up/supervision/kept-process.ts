import { setTimeout as delay } from 'node:timers/promises';
import { deferred } from '../../deferred.ts';
import { RestartBackoff, type RestartPolicy } from './restart-backoff.ts';
import { type LivenessPolicy, Silence } from './silence.ts';
import { ProcessFailedError, type ProcessSpec, SupervisedProcess } from './supervised-process.ts';

/** How processes are kept running. */
export interface SupervisionPolicy {
  readonly restart: RestartPolicy;
  readonly liveness: LivenessPolicy;
  /** What a process waits for is shown when it has waited for as long. */
  readonly patienceMs: number;
}

/** Shows one line to the user. */
export type Report = (line: string) => void;

const BUSY_RETRY_MS = 500;
const MIN_PAUSE_MS = 50;
const MAX_REASON_LENGTH = 300;
const QUIET_LINE = /^(?:trace|debug|info|warn): /;
/** Stands for the line that says what a process waits for. */
const WAITS = 'waits';

/** Keeps one process running: starts it again, by itself and for ever, when it ends or no longer answers. */
export class KeptProcess {
  /**
   * Resolves when the process can do its work for the first time; to an error when it ends before that in a way that no
   * restart mends, and is not started again, and when it is no longer to be kept.
   */
  readonly ready: Promise<ProcessFailedError | undefined>;
  readonly #spec: ProcessSpec;
  readonly #policy: SupervisionPolicy;
  readonly #report: Report;
  readonly #signal: AbortSignal;
  readonly #backoff: RestartBackoff;
  readonly #settleReady: (failure: ProcessFailedError | undefined) => void;
  #run: SupervisedProcess | undefined;
  #wasReady = false;
  #waitingSince = performance.now();
  #isWaitingFor: string | undefined = 'it is starting';
  #shown = '';

  /** Aborting `signal` ends the keeping, not the process. */
  constructor(spec: ProcessSpec, policy: SupervisionPolicy, report: Report, signal: AbortSignal) {
    this.#spec = spec;
    this.#policy = policy;
    this.#report = report;
    this.#signal = signal;
    this.#backoff = new RestartBackoff(policy.restart);
    const ready = deferred<ProcessFailedError | undefined>();
    this.ready = ready.promise;
    this.#settleReady = ready.resolve;
    void this.#keep();
  }

  /** Why the process cannot do its work now; nothing when it can. */
  get waitsFor(): string | undefined {
    return this.#isWaitingFor;
  }

  /** Resolves when the process is gone. Abort the signal before. */
  async stop(): Promise<void> {
    await this.#run?.stop();
  }

  kill(): void {
    this.#run?.kill();
  }

  async #keep(): Promise<void> {
    const busyUntil = performance.now() + (this.#spec.busy?.forMs ?? 0);
    for (;;) {
      const ending = await this.#runOnce().catch((error: unknown) => notStarted(error));
      if (this.#signal.aborted) break;
      const code = this.#wasReady ? null : ending.code;
      if (this.#isBusy(code) && performance.now() < busyUntil) await this.#pause(BUSY_RETRY_MS);
      else if (code !== null && this.#spec.fatalExitCodes.includes(code)) {
        this.#settleReady(this.#failure(`could not start (exit code ${code})`));
        return;
      } else await this.#waitForRestart(ending);
    }
    this.#settleReady(this.#failure('was stopped before it was ready'));
  }

  #isBusy(code: number | null): boolean {
    return code !== null && code === this.#spec.busy?.exitCode;
  }

  /** Runs the process and resolves when it is gone, or with the signal. */
  async #runOnce(): Promise<Ending> {
    await this.#spec.beforeStart?.();
    this.#signal.throwIfAborted();
    const run = new SupervisedProcess(this.#spec);
    this.#run = run;
    const watch = new Watch(run, this.#spec, this.#policy.liveness, this.#signal);
    await watch.untilOver((waitsFor) => this.#note(waitsFor));
    if (!this.#signal.aborted) await run.ended;
    const reason = watch.killedBecause ?? `ended (${endingOf(run)})`;
    return { reason, code: run.exitCode, healthyForMs: watch.healthyForMs };
  }

  async #waitForRestart({ reason, healthyForMs }: Ending): Promise<void> {
    const delayMs = this.#backoff.next(healthyForMs);
    const isLongest = delayMs >= this.#policy.restart.maxDelayMs;
    const line = `! ${this.#spec.name} ${reason}; starting it again ${isLongest ? 'every' : 'in'} ${delayMs / 1000} s`;
    this.#isWaitingFor = `it ${reason}`;
    // What goes on as it was is said once.
    if (line !== this.#shown) this.#report(line);
    this.#shown = line;
    this.#waitingSince = performance.now();
    await this.#pause(delayMs);
  }

  /** Shows what changed: that the process works, or what it has waited for long enough to be worth a line. */
  #note(waitsFor: string | undefined): void {
    const { name } = this.#spec;
    const wasWaiting = this.#isWaitingFor !== undefined;
    this.#isWaitingFor = waitsFor;
    if (waitsFor === undefined) {
      if (!this.#wasReady) this.#report(`✓ ${name} (${secondsSince(this.#waitingSince)})`);
      else if (this.#shown !== '') this.#report(`✓ ${name} is back (${secondsSince(this.#waitingSince)})`);
      this.#shown = '';
      this.#wasReady = true;
      this.#settleReady(undefined);
      return;
    }
    if (!wasWaiting) this.#waitingSince = performance.now();
    if (this.#shown === WAITS || performance.now() - this.#waitingSince < this.#policy.patienceMs) return;
    this.#report(`… ${name} waits: ${shortened(waitsFor)}`);
    this.#shown = WAITS;
  }

  #failure(what: string): ProcessFailedError {
    return new ProcessFailedError(this.#spec.name, what, this.#run);
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}

interface Ending {
  readonly reason: string;
  readonly code: number | null;
  readonly healthyForMs: number;
}

/** Asks one run of a process whether it is alive and ready, and kills it when it is silent for too long. */
class Watch {
  killedBecause: string | undefined;
  readonly #run: SupervisedProcess;
  readonly #spec: ProcessSpec;
  readonly #policy: LivenessPolicy;
  /** Aborted when the process is gone or no longer to be watched. */
  readonly #over: AbortSignal;
  readonly #silence: Silence;
  readonly #startedAt = performance.now();
  #firstAnswerAt: number | undefined;
  #lastAnswerAt = 0;

  constructor(run: SupervisedProcess, spec: ProcessSpec, policy: LivenessPolicy, signal: AbortSignal) {
    this.#run = run;
    this.#spec = spec;
    this.#policy = policy;
    this.#over = AbortSignal.any([signal, run.gone]);
    this.#silence = new Silence(policy, () => performance.now());
  }

  /** How long the process has answered. */
  get healthyForMs(): number {
    return this.#firstAnswerAt === undefined ? 0 : this.#lastAnswerAt - this.#firstAnswerAt;
  }

  /** Tells of every answer whether the process is ready. Resolves when it has ended or was killed, or with the signal. */
  async untilOver(onAnswer: (waitsFor: string | undefined) => void): Promise<void> {
    let isReady = false;
    while (!this.#over.aborted) {
      const askedAt = performance.now();
      const isAlive = await this.#askAlive();
      const waitsFor = isAlive ? await this.#spec.notReadyBecause() : undefined;
      if (this.#over.aborted) return;
      if (isAlive) {
        isReady = waitsFor === undefined;
        onAnswer(waitsFor);
      } else if (this.#isSilentForTooLong()) return;
      await this.#pause(askedAt, isReady ? this.#policy.intervalMs : (askedAt - this.#startedAt) / 10);
    }
  }

  async #askAlive(): Promise<boolean> {
    const isAlive = await this.#spec.isAlive(this.#policy.timeoutMs);
    if (!isAlive) {
      this.#silence.goOn();
      return false;
    }
    this.#silence.end();
    this.#lastAnswerAt = performance.now();
    this.#firstAnswerAt ??= this.#lastAnswerAt;
    return true;
  }

  #isSilentForTooLong(): boolean {
    const limitMs = this.#firstAnswerAt === undefined ? this.#spec.startTimeoutMs : this.#policy.silenceMs;
    if (this.#silence.ms < limitMs) return false;
    this.killedBecause = `has not answered for ${limitMs / 1000} s and was killed`;
    this.#run.kill();
    return true;
  }

  /** Until `afterMs` after the question before, which may have taken longer. */
  async #pause(askedAt: number, afterMs: number): Promise<void> {
    const dueAt = askedAt + Math.min(afterMs, this.#policy.intervalMs);
    const pauseMs = Math.max(MIN_PAUSE_MS, dueAt - performance.now());
    await delay(pauseMs, undefined, { signal: this.#over }).catch(() => undefined);
  }
}

/** How it ended and, where its log tells, why. */
function endingOf(run: SupervisedProcess): string {
  if (run.exitCode === null) return run.ending;
  const lines = run.lastLines().filter((line) => !QUIET_LINE.test(line));
  return lines.length === 0 ? run.ending : `${run.ending}: ${shortened(lines.join(' '))}`;
}

function notStarted(error: unknown): Ending {
  const reason = `could not be started (${error instanceof Error ? error.message : String(error)})`;
  return { reason, code: null, healthyForMs: 0 };
}

function shortened(text: string): string {
  return text.length > MAX_REASON_LENGTH ? `${text.slice(0, MAX_REASON_LENGTH)}…` : text;
}

/** Time since `since` (of `performance.now()`), such as `0.6 s`. */
export function secondsSince(since: number): string {
  const seconds = (performance.now() - since) / 1000;
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`;
}
