import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { failureLines } from './failure-lines.ts';
import type { LogFile } from './log-file.ts';

const POLL_MS = 50;
const BUSY_RETRY_MS = 500;

/** How to run one process and to know that it works. */
export interface ProcessSpec {
  readonly name: string;
  /** Arguments of `node`: the main file and what follows. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly log: LogFile;
  /** Nothing once the process is ready, else why it is not yet. */
  readonly notReadyBecause: () => Promise<string | undefined>;
  /** Runs before every start, such as to end what an earlier run left behind. */
  readonly beforeStart?: () => Promise<void>;
  readonly startTimeoutMs: number;
  /** An exit code that means "what I need is still held by a process that is ending": tried again for `forMs`. */
  readonly busy?: { readonly exitCode: number; readonly forMs: number };
  readonly stopTimeoutMs: number;
  /** What ends it at once; SIGKILL when left out. */
  readonly killSignal?: NodeJS.Signals;
}

/** A process ended before it was ready, or never became ready. */
export class ProcessFailedError extends Error {
  readonly processName: string;
  readonly code: number | null;
  readonly lines: readonly string[];

  constructor(processName: string, message: string, code: number | null, lines: readonly string[]) {
    super(message);
    this.name = 'ProcessFailedError';
    this.processName = processName;
    this.code = code;
    this.lines = lines;
  }
}

/** One child process: its output goes to its log, and it ends when this process ends, as their IPC channel closes. */
export class SupervisedProcess {
  readonly spec: ProcessSpec;
  private child: ChildProcess | undefined;
  private readonly onEnd: (ending: string) => void;

  /** `onEnd` is told when the process ends after it was ready and without having been stopped. */
  constructor(spec: ProcessSpec, onEnd: (ending: string) => void) {
    this.spec = spec;
    this.onEnd = onEnd;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when the process is ready; throws `ProcessFailedError`, or the abort reason, with nothing left running. */
  async start(signal: AbortSignal): Promise<void> {
    const { busy } = this.spec;
    const deadline = performance.now() + (busy?.forMs ?? 0);
    for (;;) {
      try {
        return await this.startOnce(signal);
      } catch (error) {
        const isBusy = error instanceof ProcessFailedError && error.code === busy?.exitCode;
        if (!isBusy || performance.now() > deadline) throw error;
        await delay(BUSY_RETRY_MS, undefined, { signal });
      }
    }
  }

  private async startOnce(signal: AbortSignal): Promise<void> {
    await this.spec.beforeStart?.();
    signal.throwIfAborted();
    const child = this.spawn();
    try {
      await this.waitUntilReady(child, signal);
    } catch (error) {
      await this.stop();
      throw error;
    }
    child.once('exit', () => {
      if (this.child === child) this.onEnd(endingOf(child));
    });
    if (hasEnded(child)) throw this.failure(child);
  }

  /** Asks the process to end and kills it when it does not within its time. Resolves when it is gone. */
  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || hasEnded(child)) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill(this.spec.killSignal ?? 'SIGKILL'), this.spec.stopTimeoutMs);
    await gone;
    clearTimeout(timer);
  }

  /** Ends the process at once. */
  kill(): void {
    this.child?.kill(this.spec.killSignal ?? 'SIGKILL');
  }

  /** What the process said last, made readable. */
  lastLines(): string[] {
    return failureLines(this.spec.log.tail());
  }

  private spawn(): ChildProcess {
    const output = this.spec.log.open();
    // A session of its own keeps the Ctrl-C of the terminal away: this process stops its children in order.
    const child = spawn(process.execPath, this.spec.args, {
      env: this.spec.env,
      ...(this.spec.cwd === undefined ? {} : { cwd: this.spec.cwd }),
      detached: true,
      stdio: ['ignore', output, output, 'ipc'],
    });
    closeSync(output);
    child.on('error', () => undefined);
    this.child = child;
    return child;
  }

  private async waitUntilReady(child: ChildProcess, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + this.spec.startTimeoutMs;
    for (;;) {
      signal.throwIfAborted();
      if (hasEnded(child)) throw this.failure(child);
      const reason = await this.spec.notReadyBecause();
      if (hasEnded(child)) throw this.failure(child);
      if (reason === undefined) return;
      if (performance.now() > deadline) {
        const seconds = Math.round(this.spec.startTimeoutMs / 1000);
        const message = `${this.spec.name} was not ready within ${seconds} s: ${reason}`;
        throw new ProcessFailedError(this.spec.name, message, null, this.lastLines());
      }
      await delay(POLL_MS);
    }
  }

  private failure(child: ChildProcess): ProcessFailedError {
    const message = `${this.spec.name} could not start (${endingOf(child)})`;
    return new ProcessFailedError(this.spec.name, message, child.exitCode, this.lastLines());
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

function endingOf(child: ChildProcess): string {
  return child.signalCode === null ? `exit code ${child.exitCode ?? '?'}` : child.signalCode;
}
