import { refuse } from '../exception.ts';

/**
 * Parameters of a request that steer HTTP and not the engine. They are accepted and have no effect here
 * (`cancel_http_readonly_queries_on_client_disconnect`, `enable_http_compression`, `default_format`, `database`, `query`
 * and `query_id` are handled by the request).
 */
export const transportParameters: ReadonlySet<string> = new Set([
  'add_http_cors_header',
  'buffer_size',
  'cancel_http_readonly_queries_on_client_disconnect',
  'client_protocol_version',
  'close_session',
  'database',
  'default_format',
  'enable_http_compression',
  'http_headers_progress_interval_ms',
  'http_response_buffer_size',
  'http_wait_end_of_query',
  'http_write_exception_in_output_format',
  'http_zlib_compression_level',
  'password',
  'query',
  'query_id',
  'quota_key',
  'role',
  'send_progress_in_http_headers',
  'session_check',
  'session_id',
  'session_timeout',
  'stacktrace',
  'user',
  'wait_end_of_query',
]);

/**
 * What every session starts with. 64-bit integers are quoted in JSON formats: unquoted ones lose digits in JavaScript.
 * Servers differ in this default, so a client that reads JSON should send the setting itself.
 */
const baseSettings: ReadonlyMap<string, string> = new Map([
  ['output_format_json_quote_64bit_integers', '1'],
  // Parameters reach the engine in a statement, but on a server their length does not count as the query's.
  ['max_query_size', String(1024 * 1024 * 1024)],
]);

/** The longest statement a server takes where the request does not set `max_query_size`. */
const serverMaxQueryBytes = 262_144;

const settingName = /^[a-z][a-z0-9_]*$/;
const parameterName = /^[A-Za-z_]\w*$/;

/** The statement that prepares a fresh session. */
export function baseSettingsStatement(): string {
  return setStatement([...baseSettings].map(([name, value]) => `${name} = ${stringLiteral(value)}`));
}

/** Settings and `{name:Type}` parameters of one request, to be bound by the engine itself. */
export interface SessionSettings {
  readonly settings: ReadonlyMap<string, string>;
  /** Values in ClickHouse's escaped text form, as clients send them in `param_name`. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longest text of a statement: what the request or else a server's default allows, but never more than `bound`. */
export function maxQueryBytes(session: SessionSettings, bound: number): number {
  const requested = Number(session.settings.get('max_query_size') ?? serverMaxQueryBytes);
  return Math.min(Number.isSafeInteger(requested) && requested > 0 ? requested : serverMaxQueryBytes, bound);
}

/** Sorts the parameters of a request; throws for names that cannot be settings. */
export function readSessionSettings(entries: Iterable<readonly [string, string]>): SessionSettings {
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of entries) {
    if (name.startsWith('param_')) {
      const parameter = name.slice('param_'.length);
      if (!parameterName.test(parameter))
        throw refuse('BAD_ARGUMENTS', 'A query parameter has an invalid name.');
      parameters.set(parameter, value);
    } else if (!transportParameters.has(name)) {
      if (name === 'compress' || name === 'decompress') {
        if (value !== '0')
          throw refuse('NOT_IMPLEMENTED', `${name}=1 is not supported; use HTTP gzip compression.`);
      } else if (settingName.test(name)) settings.set(name, value);
      else throw refuse('BAD_ARGUMENTS', 'A setting has an invalid name.');
    }
  }
  return { settings, parameters };
}

/**
 * Settings that a session may keep until its next request sets them itself or takes them back: no value of theirs stands
 * in the way of a SET.
 */
const harmlessSettings: ReadonlySet<string> = new Set([
  'async_insert',
  'deduplicate_insert',
  'deduplicate_insert_select',
  'do_not_merge_across_partitions_select_final',
  'log_comment',
  'max_bytes_to_read',
  'max_execution_time',
  'max_memory_usage',
  'max_partitions_per_insert_block',
  'max_result_bytes',
  'max_result_rows',
  'max_rows_to_read',
  'max_threads',
  'merge_tree_min_rows_for_concurrent_read',
]);
/** Parameters of as many characters do not stay in memory. */
const maxKeptParameterChars = 65_536;

/** What is set in a session beyond what every session starts with. */
export type KeptSettings = ReadonlyMap<string, string>;

/**
 * The statement that sets what a request needs and takes back what the request before left; undefined for nothing.
 * `SET param_x` binds typed values inside the engine, so a value never becomes part of another statement's text.
 */
export function applyStatement(
  { settings, parameters }: SessionSettings,
  kept: KeptSettings,
): string | undefined {
  const assignments: string[] = [];
  for (const name of kept.keys()) if (!settings.has(name)) assignments.push(takenBack(name));
  for (const [name, value] of settings) {
    if (kept.get(name) !== value) assignments.push(`${name} = ${stringLiteral(value)}`);
  }
  for (const [name, value] of parameters) assignments.push(`param_${name} = ${stringLiteral(value)}`);
  return assignments.length === 0 ? undefined : setStatement(assignments);
}

/**
 * The statement that takes back what must not outlive a request, and what is left to its successor. A parameter cannot
 * be unset, only emptied; a request that forgets one is refused before it runs.
 */
export function resetStatement({ settings, parameters }: SessionSettings) {
  const isHarmless = [...settings.keys()].every((name) => harmlessSettings.has(name));
  const reset = isHarmless ? [] : [...settings.keys()].map(takenBack);
  for (const [name, value] of parameters) {
    if (value.length > maxKeptParameterChars) reset.push(`param_${name} = ''`);
  }
  return {
    statement: reset.length === 0 ? undefined : setStatement(reset),
    kept: isHarmless ? settings : new Map<string, string>(),
  };
}

function takenBack(name: string): string {
  const base = baseSettings.get(name);
  return base === undefined ? `${name} = DEFAULT` : `${name} = ${stringLiteral(base)}`;
}

/** `text` as a ClickHouse string literal. */
export function stringLiteral(text: string): string {
  return `'${text.replace(/[\\'\0]/g, (character) => (character === '\0' ? '\\0' : `\\${character}`))}'`;
}

/** `name` as a ClickHouse identifier. */
export function quotedIdentifier(name: string): string {
  return `\`${name.replace(/[\\`\0]/g, (character) => (character === '\0' ? '\\0' : `\\${character}`))}\``;
}

function setStatement(assignments: readonly string[]): string {
  return `SET ${assignments.join(', ')}`;
}
