import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../../bench/go-differential', import.meta.url));

export interface GoogleColumn {
  readonly type: string;
  readonly unit: string;
  readonly total: string;
  readonly stacks: number;
  readonly sha256: string;
}

/** What Google's library makes of a profile. */
export interface GoogleAnswer {
  readonly error?: string;
  readonly columns?: readonly GoogleColumn[];
}

/** Builds the Go program around Google's library; throws when its module cannot be fetched. */
export function buildGooglePprof(): string {
  const program = join(mkdtempSync(join(tmpdir(), 'everflame-pprof-')), 'differential');
  execFileSync('go', ['build', '-o', program, '.'], {
    cwd: folder,
    env: { ...process.env, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 120_000,
  });
  return program;
}

/** Asks Google's library about profiles, gzip or not; answers come in their order. */
export async function askGoogle(
  program: string,
  profiles: readonly Uint8Array[],
): Promise<readonly GoogleAnswer[]> {
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the Go program ended with ${code}`));
    });
  });
  const answers: GoogleAnswer[] = [];
  const lines = createInterface({ input: child.stdout });
  const read = (async () => {
    for await (const line of lines) answers.push(JSON.parse(line) as GoogleAnswer);
  })();
  await Promise.all([writeAll(child, profiles), read, ended]);
  return answers;
}

async function writeAll(child: ChildProcess, profiles: readonly Uint8Array[]): Promise<void> {
  const input = child.stdin;
  if (input === null) throw new Error('the Go program has no input');
  for (const profile of profiles) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, profile.length, true);
    input.write(length);
    if (!input.write(profile)) await new Promise((resolve) => input.once('drain', resolve));
  }
  input.end();
}
