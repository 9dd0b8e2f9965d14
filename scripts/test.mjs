// `npm test`: installs what is missing, builds, and runs every test. Arguments go to vitest.
import { requireNode } from './require-node.mjs';

requireNode();

const INSTALL_TIMEOUT_MS = 300_000;
const TOOLS = [
  { programs: ['redis-server'], apt: 'redis-server', brew: 'redis' },
  { programs: ['chromium', 'chromium-browser', 'google-chrome'], apt: 'chromium', brew: 'chromium' },
  { programs: ['go'], apt: 'golang-go', brew: 'go' },
  { programs: ['strace'], apt: 'strace', brew: 'strace' },
  { programs: ['faketime'], apt: 'faketime', brew: 'libfaketime' },
];

/** Installs the programs that some tests run; a test whose program stays missing says so and is skipped. */
async function ensureTools(root) {
  const { seconds } = await import('./step.mjs');
  const { findProgram, installPackage } = await import(
    `${root}apps/cli/dist/up/preparation/system-package.js`
  );
  for (const tool of TOOLS) {
    if (findProgram(tool.programs) !== undefined) continue;
    const since = performance.now();
    const [name] = tool.programs;
    const problem = await installPackage(tool, {
      timeoutMs: INSTALL_TIMEOUT_MS,
      onStart: () => process.stdout.write(`… installing ${name}, which is missing\n`),
    });
    process.stdout.write(
      problem === undefined
        ? `✓ ${name} (${seconds(since)})\n`
        : `! ${name} is not installed: ${problem}. The tests that need it are skipped${process.env.CI === 'true' ? ', which fails with CI=true' : ''}.\n`,
    );
  }
}

async function test() {
  const { ensureBuild, ensureDependencies, root } = await import('./prepare.mjs');
  const { runAttached } = await import('./step.mjs');
  await ensureDependencies();
  await ensureBuild();
  await ensureTools(root);
  process.chdir(root);
  const vitest = 'node_modules/vitest/vitest.mjs';
  process.exitCode = await runAttached(process.execPath, [vitest, 'run', ...process.argv.slice(2)]);
}

void test();
