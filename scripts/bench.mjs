// `npm run bench -- NAME`: builds and runs bench/NAME.bench.ts; without a name it lists them.
import { readdirSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { requireNode } from './require-node.mjs';

requireNode();
const { ensureBuild, ensureDependencies, root } = await import('./prepare.mjs');
const { runAttached, runStep } = await import('./step.mjs');

const SUFFIX = '.bench.ts';
const [name, ...args] = process.argv.slice(2);
const names = readdirSync(`${root}bench`)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));

if (name === undefined || !names.includes(name)) {
  process.stderr.write(name === undefined ? '' : `There is no benchmark "${name}".\n`);
  process.stdout.write(
    `Benchmarks, run with npm run bench -- NAME:\n${names.map((each) => `  ${each}\n`).join('')}`,
  );
  process.exit(name === undefined ? 0 : 1);
}

process.chdir(root);
await ensureDependencies();
await ensureBuild();
await runStep('bench', process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'bench/tsconfig.json']);
const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB`;
process.stdout.write(
  `machine: ${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}, ${memory}, Node ${process.version}, ${process.platform} ${process.arch}\n\n`,
);
process.exitCode = await runAttached(process.execPath, [
  '--expose-gc',
  `bench/dist/${name}.bench.js`,
  ...args,
]);
