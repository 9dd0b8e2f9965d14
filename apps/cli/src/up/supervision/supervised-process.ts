import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { failureLines } from './failure-lines.ts';
import type { LogFile } from './log-file.ts';

/** How to run one process and to know that it works. */
export interface ProcessSpec {
  readonly name: string;
  /** Arguments of `node`: the main file and what follows. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly log: LogFile;
  /** Whether the process answers within the time, ready or not. */
  readonly isAlive: (timeoutMs: number) => Promise<boolean>;
  /** Nothing once the process can do its work, else what it waits for. */
  readonly notReadyBecause: () => Promise<string | undefined>;
  /** Runs before every start, such as to end what an earlier run left behind. */
  readonly beforeStart?: () => Promise<void>;
  /** A process that has not answered once for as long after its start is killed. */
  readonly startTimeoutMs: number;
  /** Exit codes that no restart mends, such as for wrong settings. */
  readonly fatalExitCodes: readonly number[];
  /** An exit code that means "what I need is still held by a process that is ending": tried again for `forMs`. */
  readonly busy?: { readonly exitCode: number; readonly forMs: number };
  readonly stopTimeoutMs: number;
}

/** A process ended in a way that no restart mends. */
export class ProcessFailedError extends Error {
  readonly processName: string;
  readonly code: number | null;
  readonly lines: readonly string[];

  constructor(processName: string, what: string, run: SupervisedProcess | undefined) {
    super(`${processName} ${what}`);
    this.name = 'ProcessFailedError';
    this.processName = processName;
    this.code = run?.exitCode ?? null;
    this.lines = run?.lastLines() ?? [];
  }
}

/** One run of a process: its output goes to its log, and it ends when this process ends, as their IPC channel closes. */
export class SupervisedProcess {
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;
  /** Aborted when the process is gone. */
  readonly gone: AbortSignal;
  readonly #spec: ProcessSpec;
  readonly #child: ChildProcess;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
    const output = spec.log.open();
    // A session of its own keeps the Ctrl-C of the terminal away: this process stops its children in order.
    this.#child = spawn(process.execPath, spec.args, {
      env: spec.env,
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      detached: true,
      stdio: ['ignore', output, output, 'ipc'],
    });
    closeSync(output);
    const gone = new AbortController();
    this.gone = gone.signal;
    this.ended = once(this.#child, 'exit').then(
      () => gone.abort(),
      () => gone.abort(),
    );
    this.#child.on('error', () => undefined);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** How it ended, such as `exit code 1` or `SIGKILL`. */
  get ending(): string {
    return this.#child.signalCode === null
      ? `exit code ${this.#child.exitCode ?? '?'}`
      : this.#child.signalCode;
  }

  /** What the process said last, made readable. */
  lastLines(): string[] {
    return failureLines(this.#spec.log.tail());
  }

  /** Asks the process to end and kills it when it does not within its time. Resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.hasEnded) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), this.#spec.stopTimeoutMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the process and what it started at once, also when they stand still. */
  kill(): void {
    if (this.#child.pid === undefined || this.hasEnded) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It ended by itself in between.
    }
  }
}
