import type { ClickHouse } from '../../client.ts';
import { allOf, idLiterals, type Sql, SqlParams } from '../../sql.ts';
import { ID_STATEMENT_SETTINGS, inChunks, joinUInt32 } from './id-chunks.ts';

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

export interface FrameLookup {
  readonly tenant: string;
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
}

/** Resolves frame ids; ids that are not stored are absent from the answer. */
export async function loadFrames(clickhouse: ClickHouse, lookup: FrameLookup): Promise<LoadedFrames> {
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
export function selectFrames(lookup: FrameLookup): Sql {
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
