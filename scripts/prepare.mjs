import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand, runStep } from './step.mjs';

/** Root of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const WORKSPACE_FOLDERS = ['packages', 'services', 'apps'];
/** What decides whether the build is up to date, inside each workspace. */
const WORKSPACE_SOURCES = ['src', 'public', 'index.html', 'vite.config.ts', 'tsconfig.json', 'package.json'];
const ROOT_SOURCES = ['proto', 'tsconfig.base.json', 'tsconfig.build.json', 'package-lock.json'];
const STAMP = join(root, 'node_modules/.cache/everflame/build');

/** Installs the dependencies where node_modules is missing, incomplete or older than package-lock.json. */
export async function ensureDependencies() {
  if (dependenciesAreCurrent()) {
    process.stdout.write('✓ dependencies\n');
    return;
  }
  let fetched = 0;
  const [npm, ...prefix] = npmCommand();
  await runStep('dependencies', npm, [...prefix, 'ci', '--include=dev', '--loglevel=http'], {
    spawn: { cwd: root },
    progress: (line) => {
      if (line.startsWith('npm http')) fetched += 1;
      return `npm ci: ${fetched} packages fetched`;
    },
    keep: (line) => !line.startsWith('npm http'),
  });
}

/** Builds where something was never built or a source has changed since. */
export async function ensureBuild() {
  const fingerprint = sourceFingerprint();
  if (readIfPresent(STAMP) === fingerprint && missingOutputs().length === 0) {
    process.stdout.write('✓ build\n');
    return;
  }
  if (missingOutputs().length > 0) forgetIncrementalState();
  const [npm, ...prefix] = npmCommand();
  await runStep('build', npm, [...prefix, 'run', 'build'], { spawn: { cwd: root } });
  mkdirSync(join(STAMP, '..'), { recursive: true });
  writeFileSync(STAMP, fingerprint);
}

/** A hash of path, size and time of every file that the build reads. */
export function sourceFingerprint() {
  const hash = createHash('sha256');
  for (const path of ROOT_SOURCES) addToFingerprint(hash, join(root, path));
  for (const workspace of workspaces()) {
    for (const path of WORKSPACE_SOURCES) addToFingerprint(hash, join(workspace, path));
  }
  return hash.digest('hex');
}

function dependenciesAreCurrent() {
  const installed = statSync(join(root, 'node_modules/.package-lock.json'), { throwIfNoEntry: false });
  return installed !== undefined && installed.mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function workspaces() {
  return WORKSPACE_FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(root, folder, entry.name)),
  );
}

function addToFingerprint(hash, path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isDirectory()) {
    hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\n`);
    return;
  }
  for (const name of readdirSync(path)) addToFingerprint(hash, join(path, name));
}

/** Main files and entries that should have been built and are not there. */
function missingOutputs() {
  return workspaces().flatMap((workspace) => {
    const outputs = [
      ['src/main.ts', 'dist/main.js'],
      ['src/index.ts', 'dist/index.js'],
      ['index.html', 'dist/index.html'],
    ];
    return outputs
      .filter(([source]) => existsSync(join(workspace, source)))
      .map(([, output]) => join(workspace, output))
      .filter((output) => !existsSync(output));
  });
}

/** Makes the compiler write everything again: it trusts its own notes more than what is on disk. */
function forgetIncrementalState() {
  for (const workspace of workspaces()) rmSync(join(workspace, 'dist/.tsbuildinfo'), { force: true });
}

function readIfPresent(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
