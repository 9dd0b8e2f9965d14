// `npm start`: installs, builds and starts everything on this machine. Needs nothing but Node.
import { requireNode } from './require-node.mjs';

requireNode();

async function start() {
  const { ensureBuild, ensureDependencies, root } = await import('./prepare.mjs');
  const { releaseSignals } = await import('./step.mjs');
  await ensureDependencies();
  await ensureBuild();
  // In this process, so that a signal reaches who starts and stops the rest, once and without anyone between.
  releaseSignals();
  const main = `${root}apps/cli/dist/main.js`;
  process.argv = [process.execPath, main, 'up', ...process.argv.slice(2)];
  await import(main);
}

void start();
