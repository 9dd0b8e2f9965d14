import { visibleText } from '@everflame/profile';
import { parseCommand } from './command.ts';
import { CommandFailure, EXIT, type ExitCode } from './exit.ts';
import { helpText } from './help.ts';

async function run(args: readonly string[]): Promise<ExitCode> {
  const command = parseCommand(args);
  if (command.kind === 'up') {
    const { up } = await import('./up/up.ts');
    return up(process.env, process.cwd());
  }
  if (command.kind === 'push') {
    const { push } = await import('./push.ts');
    process.stdout.write(`${(await push(command)).map(visibleText).join('\n')}\n`);
  } else if (command.kind === 'delete') {
    const { deleteProfiles, processTerminal } = await import('./delete.ts');
    await deleteProfiles(command, processTerminal);
  } else if (command.kind === 'doctor') {
    const { doctor } = await import('./doctor.ts');
    const show = (line: string): void => void process.stdout.write(`${line}\n`);
    return doctor(command, { show, progress: process.stderr.isTTY ? showProgress : undefined });
  } else {
    process.stdout.write(helpText(command.topic));
  }
  return EXIT.ok;
}

/** Writes over what it wrote before. */
function showProgress(line: string): void {
  process.stderr.write(`\r\u001b[K${line}`);
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandFailure) {
    const lines = [error.message, ...error.details].flatMap((text) => text.split('\n'));
    process.stderr.write(`${lines.map(visibleText).join('\n')}\n`);
    return error.exitCode;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failed;
}

// A reader that went away (a closed terminal, `| head`) must not take the processes down without a stop in order.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
process.exit(await run(process.argv.slice(2)).catch(exitCodeOf));
