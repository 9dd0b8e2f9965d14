// Runs one program that knows nothing of its parent (`guard.mjs PROGRAM ARG…`) and ends it when the parent goes:
// SIGTERM when the IPC channel closes or a SIGTERM arrives, SIGKILL when it is still there 8 s later. Output and exit code
// are the program's. Plain JavaScript, so that it also runs from a checkout without dist.
import { spawn } from 'node:child_process';

const GRACE_MS = 8000;

const [program, ...args] = process.argv.slice(2);
if (program === undefined || !process.channel) {
  process.stderr.write('guard: give it a program to run, and start it with an IPC channel\n');
  process.exit(2);
}

const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
child.once('error', (error) => {
  process.stderr.write(`guard: ${program} cannot be run: ${error.message}\n`);
  process.exit(127);
});
child.once('exit', (code) => process.exit(code ?? 1));

function stop() {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
}

process.once('disconnect', stop);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('SIGHUP', stop);
if (!process.connected) stop();
