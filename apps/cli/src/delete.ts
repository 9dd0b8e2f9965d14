import { createInterface } from 'node:readline/promises';
import {
  type DeletionPreviewResponse,
  deletionPreviewSchema,
  deletionResponseSchema,
} from '@everflame/contract';
import { visibleText } from '@everflame/profile';
import type { DeleteCommand } from './command.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { askQuery } from './query-api.ts';

const UNFINISHED = 'A deletion that was begun may go on; repeating it completes it.';

/** How the command speaks with whoever runs it. */
export interface Terminal {
  show(line: string): void;
  /** The answer to a question; undefined where nobody is there to give one. */
  ask(question: string): Promise<string | undefined>;
}

/** Shows what would be removed, asks, and removes it. Throws `CommandFailure` (1) with the coded reason. */
export async function deleteProfiles(command: DeleteCommand, terminal: Terminal): Promise<void> {
  const { selector: query, from, to } = command;
  const post = (path: string, body: unknown): Promise<unknown> =>
    askQuery(command.address, path, { body, note: UNFINISHED });
  const preview = deletionPreviewSchema.parse(await post('delete/preview', { query, from, to }));
  for (const line of describe(preview)) terminal.show(visibleText(line));
  if (preview.profiles + preview.hourRows + preview.dayRows === 0) return;
  if (!command.isConfirmed) await confirm(terminal);
  const { token } = preview;
  const request = { query, from: preview.from, to: preview.to, token };
  const deleted = deletionResponseSchema.parse(await post('delete', request));
  terminal.show(
    `Deleted ${count(deleted.profiles, 'profile')} and ${count(deleted.hours, 'hour')} of rollups.`,
  );
}

async function confirm(terminal: Terminal): Promise<void> {
  const answer = await terminal.ask('Delete this for good? Type yes: ');
  if (answer === undefined) {
    throw new CommandFailure(EXIT.invalidSettings, 'Nobody is there to be asked. Add --yes to delete this.');
  }
  if (answer.trim() !== 'yes') throw new CommandFailure(EXIT.failed, 'Nothing was deleted.');
}

function describe(preview: DeletionPreviewResponse): string[] {
  const { from, to, profiles, series, services, serviceNames, hours, bytes, first, last, keptHours } =
    preview;
  const lines = [`${preview.query} from ${time(from)} to ${time(to)}:`];
  if (first === null || last === null) lines.push('  nothing');
  else {
    const more = services > serviceNames.length ? ` and ${services - serviceNames.length} more` : '';
    lines.push(
      `  ${count(profiles, 'profile')} of ${count(series, 'series', 'series')}, ${count(hours, 'hour')} of rollups, about ${size(bytes)}`,
      `  first ${time(first)}, last ${time(last)}`,
      `  services: ${serviceNames.join(', ')}${more}`,
    );
  }
  if (keptHours.length > 0) {
    lines.push(`  stays, as only rollups of the whole hour are left: ${keptHours.map(time).join(', ')}`);
  }
  return lines;
}

function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en-US')} ${amount === 1 ? one : many}`;
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${Math.round(bytes / 1000 ** power)} ${units[power] ?? ''}`;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

/** The terminal that the command was started in. */
export const processTerminal: Terminal = {
  show: (line) => void process.stdout.write(`${line}\n`),
  async ask(question) {
    if (!process.stdin.isTTY) return undefined;
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  },
};
