import { DAY_MS } from '@everflame/profile';

/** A value for a placeholder. 64-bit ids are given as decimal text. */
export type SqlValue = string | number | readonly string[] | readonly number[];

/** A statement whose text holds only `{name:Type}` placeholders; the values travel beside it. */
export interface Sql {
  readonly text: string;
  readonly params: Readonly<Record<string, SqlValue>>;
}

/** Names of the ClickHouse types that values are bound as. */
export type SqlType =
  | 'String'
  | 'Array(String)'
  | 'Array(Float64)'
  | 'Float64'
  | 'Date'
  | 'Int64'
  | 'UInt64'
  | 'UInt32'
  | 'UInt16';

/** Collects the values of one statement. */
export class SqlParams {
  readonly #values: Record<string, SqlValue>;
  readonly #prefix: string;

  constructor(prefix = '', values: Record<string, SqlValue> = {}) {
    this.#prefix = prefix;
    this.#values = values;
  }

  /** The statement of a text that holds the placeholders. */
  sql(text: string): Sql {
    return { text, params: this.#values };
  }

  /** Binds into the same statement under other names, for a part that occurs twice with different values. */
  scoped(prefix: string): SqlParams {
    return new SqlParams(`${this.#prefix}${prefix}_`, this.#values);
  }

  /** Answers the placeholder to write into the text. `name` is a constant of the program, never a value. */
  bind(name: string, type: SqlType, value: SqlValue): string {
    this.#values[`${this.#prefix}${name}`] = value;
    return `{${this.#prefix}${name}:${type}}`;
  }
}

/** ClickHouse's `DateTime` ends in 2106. */
const LAST_SECOND = 0xffff_ffff;

/** Binds a time in Unix ms, and answers it as a `DateTime`: the second that it lies in. */
export function dateTime(name: string, timeMs: number, params: SqlParams): string {
  const seconds = Math.min(Math.floor(timeMs / 1000), LAST_SECOND);
  return `toDateTime(${params.bind(name, 'UInt32', seconds)}, 'UTC')`;
}

/** Joins conditions, one a line. */
export function allOf(conditions: readonly string[]): string {
  return conditions.join('\n  AND ');
}

/**
 * 64-bit ids as a list of decimal literals. They go into the text, not into a parameter, because parameters travel
 * in the URL, where thousands of ids break limits of proxies; from two Uint32Arrays nothing but digits can come.
 */
export function idLiterals(lo: Uint32Array, hi: Uint32Array): string {
  const words = new Uint32Array(lo.length * 2);
  for (let i = 0; i < lo.length; i++) {
    words[i * 2] = lo[i] ?? 0;
    words[i * 2 + 1] = hi[i] ?? 0;
  }
  return new BigUint64Array(words.buffer).join(',');
}

/** The UTC day of a time as ClickHouse writes dates: `2026-08-21`. */
export function dayText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** Days since 1970 UTC, the Native form of `Date`. */
export function dayNumber(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}
