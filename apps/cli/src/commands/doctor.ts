import type { ApiClient } from '@everflame/client';
import type { LostStacksResponse } from '@everflame/contract';
import { formatSelector, LABEL_SERVICE_NAME, parseSelector, visibleText } from '@everflame/profile';
import { defineCommand, QUERY_ADDRESS, readOnly, readQueryAddress } from '../command.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { type RangeCommand, showTime, useQueryApi } from '../query-api.ts';

const HELP = `everflame doctor [SELECTOR] [--from TIME] [--to TIME] [--repair] [--json] [--address URL]

Looks at every stack of the profiles and rollups that match within the time, and says which cannot be
resolved to functions, of which service, type and time, what they hold, and what can be done about it.
SELECTOR is like {service_name="checkout"}; without one it looks at everything.

  --from TIME, --to TIME  from now-14d, to now
  --repair                store those again that another service has
  --json                  one JSON object instead of text
  --address URL           the query API (http://127.0.0.1:4040)

Exit codes: 0 nothing is lost, 1 refused or not reachable, 2 wrong arguments, 10 something is lost.
`;
/** What `everflame doctor` was asked to look at. */
export interface DoctorCommand extends RangeCommand {
  /** Stores again what another service has. */
  readonly repairs: boolean;
  readonly isJson: boolean;
}

export const command = defineCommand({
  name: 'doctor',
  help: HELP,
  options: {
    from: { type: 'string', default: 'now-14d' },
    to: { type: 'string', default: 'now' },
    repair: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    address: QUERY_ADDRESS,
  },
  read: ({ from, to, address, repair, json }, positionals): DoctorCommand => {
    const example = `everflame doctor '{service_name="checkout"}' --from now-1d`;
    const given = positionals.length === 0 ? ['{}'] : positionals;
    const selector = readOnly(given, 'doctor takes one selector', example);
    return { selector, from, to, address: readQueryAddress(address), repairs: repair, isJson: json };
  },
  run: (asked) => {
    const show = (line: string): void => void process.stdout.write(`${line}\n`);
    return doctor(asked, { show, progress: process.stderr.isTTY ? showProgress : undefined });
  },
});

/** Writes over what it wrote before. */
function showProgress(line: string): void {
  process.stderr.write(`\r\u001b[K${line}`);
}

/** Where the command writes. */
export interface DoctorOutput {
  show(line: string): void;
  /** Shows how far it has come in place of what it showed before; '' shows nothing. */
  progress?: ((line: string) => void) | undefined;
}

type Lost = LostStacksResponse['lost'][number];
type Findings = Readonly<Awaited<ReturnType<typeof examine>>>;

/** A service is looked at a day at a time: that much ClickHouse can hold at once. */
const PART_MS = 86_400_000;

/** Finds stacks that cannot be resolved and says what can be done. Throws `CommandFailure` (1) with the coded reason. */
export async function doctor(asked: DoctorCommand, output: DoctorOutput): Promise<ExitCode> {
  const findings = await useQueryApi(asked.address, (api) => examine(api, asked, output));
  if (asked.isJson) output.show(JSON.stringify(findings));
  else for (const line of describe(findings)) output.show(visibleText(line));
  return findings.lost.length === 0 ? EXIT.ok : EXIT.lostStacks;
}

/** Returns what is found in all parts of the range; `restorable` are stacks that another service has. */
async function examine(
  api: ApiClient,
  { selector, repairs, ...range }: DoctorCommand,
  { progress }: DoctorOutput,
) {
  const asked = { query: selector, from: range.from, to: range.to };
  const { from, to, services } = await api.get('services', asked);
  const parts = services.flatMap(({ name }) => [...partsOf(selector, name, from, to)]);
  const lost: Lost[] = [];
  let restorable = 0;
  let restored = 0;
  for (const [index, part] of parts.entries()) {
    progress?.(`${index} of ${parts.length} days of services`);
    let found = await api.get('lost-stacks', part);
    if (repairs && found.restorable > 0) {
      restored += (await api.send('post', 'lost-stacks/restore', { body: part })).restored;
      found = await api.get('lost-stacks', part);
    }
    restorable += found.restorable;
    lost.push(...found.lost);
  }
  progress?.('');
  return { from, to, lost: joined(lost), restorable, restored };
}

/** The range of one service in parts that end with UTC days. */
function* partsOf(selector: string, service: string, from: number, to: number) {
  const { profileType, matchers } = parseSelector(selector);
  const own = { name: LABEL_SERVICE_NAME, op: '=' as const, value: service };
  const others = matchers.filter(({ name, op }) => name !== LABEL_SERVICE_NAME || op !== '=');
  const query = formatSelector({ ...(profileType && { profileType }), matchers: [own, ...others] });
  for (let at = from; at < to;) {
    const end = Math.min(to, (Math.floor(at / PART_MS) + 1) * PART_MS);
    yield { query, from: String(at), to: String(end) };
    at = end;
  }
}

/** Days of one service, type and level as one; a stack of two days counts twice. */
function joined(lost: readonly Lost[]): Lost[] {
  const byKey = new Map<string, Lost>();
  for (const row of lost) {
    const key = JSON.stringify([row.service, row.type, row.level]);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? row : both(known, row));
  }
  return [...byKey.values()];
}

function both(a: Lost, b: Lost): Lost {
  return {
    ...a,
    first: Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
    rows: a.rows + b.rows,
    missingStacks: a.missingStacks + b.missingStacks,
    brokenStacks: a.brokenStacks + b.brokenStacks,
    value: a.value + b.value,
  };
}

const LEVELS = { profile: 'profiles', hour: 'rollups of hours', day: 'rollups of days' } as const;

function* describe({ from, to, lost, restorable, restored }: Findings): Generator<string> {
  const range = `from ${showTime(from)} to ${showTime(to)}`;
  if (restored > 0) yield `Stacks copied from services that have them: ${restored}`;
  if (lost.length === 0) {
    yield `All stacks ${range} can be resolved.`;
    return;
  }
  yield `Stacks ${range} that cannot be resolved:`;
  for (const row of lost) {
    const unit = row.type.split(':')[2] ?? '';
    yield `  ${row.service} ${row.type}, ${LEVELS[row.level]}: ${row.rows}, ${showTime(row.first)} to ${showTime(row.last)}`;
    yield `    stacks not stored: ${row.missingStacks}, stored in part: ${row.brokenStacks}; they hold ${row.value} ${unit}`;
  }
  yield 'What can be done:';
  if (restorable > 0)
    yield `  Another service has ${restorable} of them: everflame doctor --repair copies them.`;
  yield '  What ingest has set aside may hold the rest: put it back (docs/runbook.md, Quarantine).';
  yield '  What a service still runs is stored again with its next profiles, within a day.';
  yield '  What is left can be removed with its profiles: everflame delete, with the service and the times above.';
}
