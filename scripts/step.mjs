import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const LAST_LINES = 20;
const HEARTBEAT_MS = 10_000;
const isTerminal = process.stdout.isTTY;

const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 };
let running;
let stopExitCode;

/** Passes a signal on and ends when the command has; at once when there is none. */
function stop(signal) {
  stopExitCode = SIGNAL_EXIT_CODES[signal];
  if (running === undefined) process.exit(stopExitCode);
  running.kill(signal);
}
for (const signal of Object.keys(SIGNAL_EXIT_CODES)) process.on(signal, stop);

/** Takes this module's signal handlers away, for who handles signals from here on. */
export function releaseSignals() {
  for (const signal of Object.keys(SIGNAL_EXIT_CODES)) process.off(signal, stop);
}

/**
 * Runs a command as one step: shows that it goes on, then `✓ name (37 s)`.
 * When it fails, shows its last lines and ends this process with its exit code.
 */
export async function runStep(name, command, args, options = {}) {
  const since = performance.now();
  const progress = options.progress ?? ((line) => line);
  const lines = [];
  let shown = '';
  const timer = setInterval(() => showProgress(name, since, shown), isTerminal ? 250 : HEARTBEAT_MS);
  const code = await run(command, args, { ...options.spawn, env: options.env ?? process.env }, (line) => {
    shown = progress(line) ?? shown;
    if (options.keep?.(line) ?? true) lines.push(line);
    if (lines.length > LAST_LINES) lines.shift();
  });
  clearInterval(timer);
  clearLine();
  if (stopExitCode !== undefined) process.exit(stopExitCode);
  if (code === 0) {
    process.stdout.write(`✓ ${name} (${seconds(since)})\n`);
    return;
  }
  process.stdout.write(`✗ ${name} (${seconds(since)}): ${[command, ...args].join(' ')}\n`);
  for (const line of lines) process.stderr.write(`  ${line}\n`);
  process.exit(code ?? 1);
}

/** Runs a command with this terminal as its own; resolves to its exit code. */
export function runAttached(command, args, env = process.env) {
  return new Promise((resolve) => {
    running = spawn(command, args, { stdio: 'inherit', env });
    running.once('error', (error) => {
      process.stderr.write(`${command} cannot be run: ${error.message}\n`);
      resolve(127);
    });
    running.once('close', (code) => {
      running = undefined;
      resolve(stopExitCode ?? code ?? 1);
    });
  });
}

/** `npm` as a command that can be run: the npm that runs this script, else the one on the PATH. */
export function npmCommand() {
  const own = process.env.npm_execpath;
  return own?.endsWith('.js') ? [process.execPath, own] : ['npm'];
}

/** Time since `since` (of `performance.now()`), such as `0.6 s`. */
export function seconds(since) {
  const value = (performance.now() - since) / 1000;
  return value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}

function run(command, args, options, onLine) {
  return new Promise((resolve) => {
    running = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [running.stdout, running.stderr]) {
      createInterface({ input: stream }).on('line', (line) => line.trim() !== '' && onLine(line));
    }
    running.once('error', (error) => onLine(error.message));
    running.once('close', (code) => {
      running = undefined;
      resolve(code);
    });
  });
}

function showProgress(name, since, shown) {
  const text = `… ${name} (${seconds(since)})  ${shown}`;
  if (!isTerminal) process.stdout.write(`${text}\n`);
  else process.stdout.write(`\r\x1b[2K${text.slice(0, (process.stdout.columns || 80) - 1)}`);
}

function clearLine() {
  if (isTerminal) process.stdout.write('\r\x1b[2K');
}
