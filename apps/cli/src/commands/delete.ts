import { createInterface } from 'node:readline/promises';
import type { ApiClient } from '@everflame/client';
import type { DeletionPreviewResponse } from '@everflame/contract';
import { visibleText } from '@everflame/profile';
import { defineCommand, QUERY_ADDRESS, readOnly, readQueryAddress, usageFailure } from '../command.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import { type RangeCommand, showTime, useQueryApi } from '../query-api.ts';

const HELP = `everflame delete SELECTOR --from TIME --to TIME [--yes] [--address URL]

Shows what is stored of the series that match within the time, asks, and removes it for good, with
what was rolled up of it. SELECTOR is like {service_name="checkout",env=~"dev|test"}, {} is everything.
TIME is like now-7d, now, 2026-11-23T10:00:00Z or Unix ms.

  --yes          do not ask
  --address URL  the query API (http://127.0.0.1:4040)

Exit codes: 0 removed, or nothing to remove, 1 refused, not wanted or not reachable, 2 wrong arguments.
`;
const EXAMPLE = `everflame delete '{service_name="checkout"}' --from now-7d --to now`;
const UNFINISHED = 'A deletion that was begun may go on; repeating it completes it.';

/** What `everflame delete` was asked to remove. */
export interface DeleteCommand extends RangeCommand {
  /** Not to be asked. */
  readonly isConfirmed: boolean;
}

export const command = defineCommand({
  name: 'delete',
  help: HELP,
  options: {
    from: { type: 'string', default: '' },
    to: { type: 'string', default: '' },
    yes: { type: 'boolean', default: false },
    address: QUERY_ADDRESS,
  },
  read: ({ from, to, yes, address }, positionals): DeleteCommand => {
    const selector = readOnly(positionals, 'delete takes one selector', EXAMPLE);
    if (from === '' || to === '') throw usageFailure('delete needs --from and --to.', EXAMPLE);
    return { selector, from, to, address: readQueryAddress(address), isConfirmed: yes };
  },
  run: async (asked) => {
    await deleteProfiles(asked, processTerminal);
    return EXIT.ok;
  },
});

/** How the command speaks with whoever runs it. */
export interface Terminal {
  show(line: string): void;
  /** The answer to a question; undefined where nobody is there to give one. */
  ask(question: string): Promise<string | undefined>;
}

/** Shows what would be removed, asks, and removes it. Throws `CommandFailure` (1) with the coded reason. */
export function deleteProfiles(asked: DeleteCommand, terminal: Terminal): Promise<void> {
  return useQueryApi(asked.address, (api) => deleteThrough(api, asked, terminal), UNFINISHED);
}

async function deleteThrough(api: ApiClient, asked: DeleteCommand, terminal: Terminal): Promise<void> {
  const { selector: query, from, to } = asked;
  const preview = await api.send('post', 'delete/preview', { body: { query, from, to } });
  for (const line of describe(preview)) terminal.show(visibleText(line));
  if (preview.profiles + preview.hourRows + preview.dayRows === 0) return;
  if (!asked.isConfirmed) await confirm(terminal);
  const { token } = preview;
  const body = { query, from: preview.from, to: preview.to, token };
  const deleted = await api.send('post', 'delete', { body });
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
  const lines = [`${preview.query} from ${showTime(from)} to ${showTime(to)}:`];
  if (first === null || last === null) lines.push('  nothing');
  else {
    const more = services > serviceNames.length ? ` and ${services - serviceNames.length} more` : '';
    lines.push(
      `  ${count(profiles, 'profile')} of ${count(series, 'series', 'series')}, ${count(hours, 'hour')} of rollups, about ${size(bytes)}`,
      `  first ${showTime(first)}, last ${showTime(last)}`,
      `  services: ${serviceNames.join(', ')}${more}`,
    );
  }
  if (keptHours.length > 0) {
    lines.push(`  stays, as only rollups of the whole hour are left: ${keptHours.map(showTime).join(', ')}`);
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

/** The terminal that the command was started in. */
const processTerminal: Terminal = {
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
