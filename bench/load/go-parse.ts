import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../go-parse/', import.meta.url));

/**
 * µs that Google's `profile.ParseData` takes for each file, the fastest of all rounds, or why it cannot be told: no Go,
 * or a module that cannot be fetched.
 */
export function goParseMicros(files: readonly string[], rounds: number): readonly number[] | string {
  const folder = mkdtempSync(join(tmpdir(), 'everflame-go-parse-'));
  try {
    const program = join(folder, 'go-parse');
    const build = spawnSync('go', ['build', '-mod=readonly', '-o', program, '.'], {
      cwd: SOURCE,
      encoding: 'utf8',
    });
    if (build.error !== undefined) return `go cannot be run: ${build.error.message}`;
    if (build.status !== 0) return `go build failed: ${build.stderr.trim().split('\n').at(-1) ?? ''}`;
    const run = spawnSync(program, [String(rounds), ...files], { encoding: 'utf8', maxBuffer: 1 << 26 });
    if (run.status !== 0) return `it failed: ${run.stderr.trim()}`;
    return (JSON.parse(run.stdout) as { micros: number[] }).micros;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
