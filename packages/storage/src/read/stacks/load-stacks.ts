import type { ClickHouse } from '../../client.ts';
import { allOf, idLiterals, type Sql, SqlParams } from '../../sql.ts';
import { joinUInt32 } from '../../native/column-readers.ts';
import { ID_STATEMENT_SETTINGS, inChunks } from './id-chunks.ts';

/** Stacks that were found, each as frame ids leaf first: those of stack i are `[offsets[i], offsets[i + 1])`. */
export type LoadedStacks = Awaited<ReturnType<typeof loadStacks>>;

interface IdLookup {
  readonly tenant: string;
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
}

export interface StackLookup extends IdLookup {
  /** Where the stacks occur, if known: it spares ClickHouse looking under every service. */
  readonly services?: readonly string[] | undefined;
}

/** Resolves stack ids to frame ids; ids that are not stored are absent from the answer. */
export async function loadStacks(clickhouse: ClickHouse, lookup: StackLookup) {
  const answers = await inChunks(lookup.idLo, lookup.idHi, async (lo, hi) => {
    const answer = await clickhouse.select(
      selectStacks({ ...lookup, idLo: lo, idHi: hi }),
      ID_STATEMENT_SETTINGS,
    );
    return { ids: answer.uint64('stack'), frames: answer.uint64Arrays('frame_ids') };
  });
  const counts = answers.map(({ ids }) => ids.lo.length);
  const offsets = new Uint32Array(counts.reduce((all, count) => all + count, 0) + 1);
  let row = 0;
  let start = 0;
  for (const { ids, frames } of answers) {
    for (let i = 0; i <= ids.lo.length; i++) offsets[row + i] = start + (frames.offsets[i] ?? 0);
    row += ids.lo.length;
    start += frames.lo.length;
  }
  return {
    idLo: joinUInt32(answers.map(({ ids }) => ids.lo)),
    idHi: joinUInt32(answers.map(({ ids }) => ids.hi)),
    offsets,
    frameIdLo: joinUInt32(answers.map(({ frames }) => frames.lo)),
    frameIdHi: joinUInt32(answers.map(({ frames }) => frames.hi)),
  };
}

/** One statement for at most some thousand ids. Weekly copies of a stack are equal, so any of them does. */
export function selectStacks(lookup: StackLookup): Sql {
  const params = new SqlParams();
  const conditions = [`tenant = ${params.bind('tenant', 'String', lookup.tenant)}`];
  if (lookup.services !== undefined) {
    conditions.push(`service IN ${params.bind('services', 'Array(String)', lookup.services)}`);
  }
  conditions.push(`stack IN (${idLiterals(lookup.idLo, lookup.idHi)})`);
  return params.sql(`SELECT stack, frames AS frame_ids
FROM stacks
WHERE ${allOf(conditions)}
LIMIT 1 BY stack`);
}

/** Frames that were found, as parallel columns. */
export interface LoadedFrames {
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  /** Names of functions, or what stands for a frame that is not symbolised. */
  readonly name: readonly string[];
  readonly systemName: readonly string[];
  readonly file: readonly string[];
  readonly line: Uint32Array;
  readonly startLine: Uint32Array;
  readonly buildId: readonly string[];
  readonly addressLo: Uint32Array;
  readonly addressHi: Uint32Array;
}

/** Resolves frame ids; ids that are not stored are absent from the answer. */
export async function loadFrames(clickhouse: ClickHouse, lookup: IdLookup): Promise<LoadedFrames> {
  const answers = await inChunks(lookup.idLo, lookup.idHi, (idLo, idHi) =>
    clickhouse.select(selectFrames({ tenant: lookup.tenant, idLo, idHi }), ID_STATEMENT_SETTINGS),
  );
  const strings = (name: string): string[] => answers.flatMap((answer) => answer.strings(name));
  const numbers = (name: string): Uint32Array =>
    joinUInt32(answers.map((answer) => Uint32Array.from(answer.numbers(name))));
  const ids = answers.map((answer) => answer.uint64('id'));
  const addresses = answers.map((answer) => answer.uint64('addr'));
  return {
    idLo: joinUInt32(ids.map(({ lo }) => lo)),
    idHi: joinUInt32(ids.map(({ hi }) => hi)),
    name: strings('name'),
    systemName: strings('system_name'),
    file: strings('file_name'),
    line: numbers('line'),
    startLine: numbers('start_line'),
    buildId: strings('build'),
    addressLo: joinUInt32(addresses.map(({ lo }) => lo)),
    addressHi: joinUInt32(addresses.map(({ hi }) => hi)),
  };
}

/** One statement for at most some thousand ids. Monthly copies of a frame are equal, so any of them does. */
export function selectFrames(lookup: IdLookup): Sql {
  const params = new SqlParams();
  const conditions = [
    `tenant = ${params.bind('tenant', 'String', lookup.tenant)}`,
    `id IN (${idLiterals(lookup.idLo, lookup.idHi)})`,
  ];
  return params.sql(`SELECT id, name, system_name, CAST(file AS String) AS file_name, line, start_line,
  CAST(build_id AS String) AS build, addr
FROM frames
WHERE ${allOf(conditions)}
LIMIT 1 BY id`);
}

type Restored = IdLookup & { readonly service: string };

/**
 * Stores stacks for a service that another service has: the id is a hash of the frames, so they are the same. What no
 * service has stays missing. The rows replace themselves, so repeating it does no harm.
 */
export async function restoreStacks(clickhouse: ClickHouse, restored: Restored): Promise<void> {
  await inChunks(restored.idLo, restored.idHi, (idLo, idHi) =>
    clickhouse.command(insertRestored({ ...restored, idLo, idHi }), ID_STATEMENT_SETTINGS),
  );
}

/** The day is that of ClickHouse: the rows live on as those of stacks that are in use today. */
export function insertRestored({ tenant, service, idLo, idHi }: Restored): Sql {
  const params = new SqlParams();
  return params.sql(`INSERT INTO stacks (tenant, service, day, stack, frames)
SELECT tenant, ${params.bind('service', 'String', service)}, toDate(now('UTC')), stack, any(frames)
FROM stacks
WHERE tenant = ${params.bind('tenant', 'String', tenant)} AND stack IN (${idLiterals(idLo, idHi)})
GROUP BY tenant, stack`);
}
