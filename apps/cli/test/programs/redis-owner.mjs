// Starts the guard as `everflame up` does, prints the guard's pid and waits to be killed.
import { spawn } from 'node:child_process';

const [guard, folder, ...command] = process.argv.slice(2);
const child = spawn(process.execPath, [guard, ...command], {
  cwd: folder,
  detached: true,
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
});
process.stdout.write(`${child.pid}\n`);
