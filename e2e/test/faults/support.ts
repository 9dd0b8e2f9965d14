import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireTool, waitFor } from '@everflame/testkit';
import { describe } from 'vitest';
import type { LoadClient } from '../../../bench/durability/load-client.ts';

const BALLAST = 'ballast';

/** A disk of a few megabytes, in memory, that can be filled and made read-only while programs use it. */
export class SmallDisk {
  readonly folder: string;
  #ballasts = 0;
  #isReadOnly = false;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Mounts it over `folder`, which is created where it is missing. */
  static mount(folder: string, megabytes: number): SmallDisk {
    mkdirSync(folder, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', folder]);
    return new SmallDisk(folder);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Leaves no block free, whoever else writes meanwhile. */
  fill(): void {
    while (this.freeBytes > 0) {
      try {
        writeFileSync(join(this.folder, `${BALLAST}.${this.#ballasts++}`), Buffer.alloc(this.freeBytes));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    }
  }

  empty(): void {
    while (this.#ballasts > 0) rmSync(join(this.folder, `${BALLAST}.${--this.#ballasts}`), { force: true });
  }

  /** Whatever is opened by its name from now on is read-only. A plain remount is refused while a file is open for writing. */
  makeReadOnly(): void {
    execFileSync('mount', ['--bind', this.folder, this.folder]);
    execFileSync('mount', ['-o', 'remount,bind,ro', this.folder]);
    this.#isReadOnly = true;
  }

  makeWritable(): void {
    if (this.#isReadOnly) execFileSync('umount', ['-l', this.folder]);
    this.#isReadOnly = false;
  }

  unmount(): void {
    this.makeWritable();
    execFileSync('umount', ['-l', this.folder]);
  }
}

/** Changes what system calls of a running process do, all of its threads, until `end`. */
export class Tampering {
  readonly #strace: ChildProcess;

  private constructor(strace: ChildProcess) {
    this.#strace = strace;
  }

  /** `how` is what strace injects, such as `error=ENOSPC:when=3+`. */
  static async start(pid: number, calls: string, how: string): Promise<Tampering> {
    const args = ['-f', '-p', String(pid), '-e', `trace=${calls}`, '-e', `inject=${calls}:${how}`];
    const strace = spawn('strace', [...args, '-o', '/dev/null'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    strace.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await waitFor(
      () => {
        if (strace.exitCode !== null) throw new Error(said);
        return / attached/.test(said);
      },
      { what: `strace to attach to ${pid}` },
    );
    return new Tampering(strace);
  }

  async end(): Promise<void> {
    if (this.#strace.exitCode !== null) return;
    const ended = once(this.#strace, 'exit');
    this.#strace.kill('SIGTERM');
    await ended;
  }
}

/**
 * Like `describeWithTool`, for tests that mount file systems and change system calls of processes: only root may, and not in
 * every container.
 */
export function describeWithDisks(name: string, tests: () => void): void {
  const reason = requireTool('strace') === undefined ? 'strace is not installed' : refusalToMount();
  if (reason === undefined) {
    describe(name, tests);
    return;
  }
  if (process.env['CI'] === 'true')
    throw new Error(`${name}: ${reason}. Tests are not skipped where CI=true.`);
  process.stderr.write(`${name}: skipped: ${reason}\n`);
  describe.skip(`${name} (skipped: ${reason})`, tests);
}

function refusalToMount(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'everflame-mount-'));
  try {
    SmallDisk.mount(folder, 1).unmount();
    return undefined;
  } catch {
    return 'mounting is not permitted';
  } finally {
    rmdirSync(folder);
  }
}

/** Environments of processes whose clocks can be set while they run; timers go on as they do when a machine's clock is set. */
export class Clocks {
  readonly folder = mkdtempSync(join(tmpdir(), 'everflame-clocks-'));
  readonly #library: string;

  constructor() {
    const asked = ['-f', '+0', process.execPath, '-p', 'process.env.LD_PRELOAD'];
    this.#library = execFileSync('faketime', asked, { encoding: 'utf8' }).trim();
  }

  environmentOf(name: string): Record<string, string> {
    this.set(name, 0);
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: join(this.folder, name),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  set(name: string, aheadSeconds: number): void {
    const draft = join(this.folder, `${name}.tmp`);
    writeFileSync(draft, `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}\n`);
    renameSync(draft, join(this.folder, name));
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** What pushes were refused with. On a busy machine an attempt may also have timed out and been made again. */
export function refusalsOf({ totals }: LoadClient): string[] {
  return [...totals.failures.keys()].filter((failure) => failure !== 'timeout');
}
