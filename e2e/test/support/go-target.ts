import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@everflame/testkit';
import { ROOT } from './everflame.ts';

/** Builds the Go test service once and returns the path of the program. */
export function buildGoTarget(): string {
  const program = join(mkdtempSync(join(tmpdir(), 'everflame-go-')), 'shop');
  execFileSync('go', ['build', '-o', program, '.'], {
    cwd: join(ROOT, 'e2e/targets/go'),
    env: { ...process.env, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return program;
}

/** A running Go service that ends with this process. */
export class GoTarget {
  readonly process: ChildProcess;
  readonly address: string;

  private constructor(child: ChildProcess, address: string) {
    this.process = child;
    this.address = address;
  }

  /** Starts the program; `address` pins host and port, for a restart under the same target. */
  static async start(program: string, args: readonly string[], address = '127.0.0.1:0'): Promise<GoTarget> {
    const child = spawn(program, ['-addr', address, '-exit-on-stdin-close', ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
    const bound = await waitFor(() => Promise.resolve(/listening on (\S+)/.exec(output)?.[1]), {
      what: 'the Go service to listen',
    });
    return new GoTarget(child, bound);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    await ended;
  }
}
