import {
  type LostStacksResponse,
  lostStacksResponseSchema,
  restoreResponseSchema,
  servicesResponseSchema,
} from '@everflame/contract';
import { formatSelector, LABEL_SERVICE_NAME, parseSelector, visibleText } from '@everflame/profile';
import type { DoctorCommand } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { askQuery } from './query-api.ts';

/** Where the command writes. */
export interface DoctorOutput {
  show(line: string): void;
  /** Shows how far it has come in place of what it showed before; '' shows nothing. */
  progress?: ((line: string) => void) | undefined;
}

type Lost = LostStacksResponse['lost'][number];

/** What was found in all parts of the range. */
interface Findings {
  readonly from: number;
  readonly to: number;
  readonly lost: readonly Lost[];
  /** Stacks that another service has. */
  readonly restorable: number;
  readonly restored: number;
}

/** A service is looked at a day at a time: that much ClickHouse can hold at once. */
const PART_MS = 86_400_000;

/** Finds stacks that cannot be resolved and says what can be done. Throws `CommandFailure` (1) with the coded reason. */
export async function doctor(command: DoctorCommand, output: DoctorOutput): Promise<ExitCode> {
  const findings = await examine(command, output);
  if (command.isJson) output.show(JSON.stringify(findings));
  else for (const line of describe(findings)) output.show(visibleText(line));
  return findings.lost.length === 0 ? EXIT.ok : EXIT.lostStacks;
}

async function examine(command: DoctorCommand, { progress }: DoctorOutput): Promise<Findings> {
  const { selector, from: first, to: last } = command;
  const range = { query: selector, from: first, to: last };
  const { from, to, services } = servicesResponseSchema.parse(await get(command, 'services', range));
  const parts = services.flatMap(({ name }) => partsOf(selector, name, from, to));
  const lost: Lost[] = [];
  let restorable = 0;
  let restored = 0;
  for (const [index, part] of parts.entries()) {
    progress?.(`${index} of ${parts.length} days of services`);
    let found = await find(command, part);
    if (command.repairs && found.restorable > 0) {
      restored += await restore(command, part);
      found = await find(command, part);
    }
    restorable += found.restorable;
    lost.push(...found.lost);
  }
  progress?.('');
  return { from, to, lost: joined(lost), restorable, restored };
}

interface Part {
  readonly query: string;
  readonly from: string;
  readonly to: string;
}

/** The range of one service in parts that end with UTC days. */
function partsOf(selector: string, service: string, from: number, to: number): Part[] {
  const { profileType, matchers } = parseSelector(selector);
  const own = { name: LABEL_SERVICE_NAME, op: '=' as const, value: service };
  const others = matchers.filter(({ name, op }) => name !== LABEL_SERVICE_NAME || op !== '=');
  const query = formatSelector({ ...(profileType && { profileType }), matchers: [own, ...others] });
  const parts: Part[] = [];
  for (let at = from; at < to;) {
    const end = Math.min(to, (Math.floor(at / PART_MS) + 1) * PART_MS);
    parts.push({ query, from: String(at), to: String(end) });
    at = end;
  }
  return parts;
}

async function find(command: DoctorCommand, part: Part): Promise<LostStacksResponse> {
  return lostStacksResponseSchema.parse(await get(command, 'lost-stacks', { ...part }));
}

async function restore({ address }: DoctorCommand, part: Part): Promise<number> {
  return restoreResponseSchema.parse(await askQuery(address, 'lost-stacks/restore', { body: part })).restored;
}

function get({ address }: DoctorCommand, path: string, params: Record<string, string>): Promise<unknown> {
  return askQuery(address, `${path}?${new URLSearchParams(params).toString()}`);
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
  const range = `from ${time(from)} to ${time(to)}`;
  if (restored > 0) yield `Stacks copied from services that have them: ${restored}`;
  if (lost.length === 0) {
    yield `All stacks ${range} can be resolved.`;
    return;
  }
  yield `Stacks ${range} that cannot be resolved:`;
  for (const row of lost) {
    const unit = row.type.split(':')[2] ?? '';
    yield `  ${row.service} ${row.type}, ${LEVELS[row.level]}: ${row.rows}, ${time(row.first)} to ${time(row.last)}`;
    yield `    stacks not stored: ${row.missingStacks}, stored in part: ${row.brokenStacks}; they hold ${row.value} ${unit}`;
  }
  yield 'What can be done:';
  if (restorable > 0)
    yield `  Another service has ${restorable} of them: everflame doctor --repair copies them.`;
  yield '  What ingest has set aside may hold the rest: put it back (docs/operations.md, Quarantine).';
  yield '  What a service still runs is stored again with its next profiles, within a day.';
  yield '  What is left can be removed with its profiles: everflame delete, with the service and the times above.';
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
