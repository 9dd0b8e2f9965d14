// Part of `npm run build`: writes which commit is built to where packages/service-kit reads it. EVERFLAME_COMMIT says it
// where there is no git, as in the build of an image.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

const folder = new URL('../packages/service-kit/dist/', import.meta.url);

function commitOfGit() {
  try {
    const options = { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['rev-parse', 'HEAD'], options).trim();
  } catch {
    return 'unknown';
  }
}

mkdirSync(folder, { recursive: true });
const commit = process.env.EVERFLAME_COMMIT || commitOfGit();
writeFileSync(new URL('commit.json', folder), `${JSON.stringify({ commit })}\n`);
