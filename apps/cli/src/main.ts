import { visibleText } from '@everflame/profile';
import { listCommands, loadCommand } from './commands/index.ts';
import { CommandFailure, EXIT, type ExitCode } from './exit.ts';

async function run([name, ...args]: readonly string[]): Promise<ExitCode> {
  if (name === undefined || ['help', '--help', '-h'].includes(name)) process.stdout.write(listCommands());
  else if (name === '--version') await showVersion();
  else return (await loadCommand(name)).start(args);
  return EXIT.ok;
}

async function showVersion(): Promise<void> {
  const { VERSION } = await import('@everflame/service-kit');
  process.stdout.write(`${VERSION.version} (${VERSION.commit})\n`);
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
