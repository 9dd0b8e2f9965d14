/** A unit in terms of its base unit: `1 unit = factor base`. */
export interface BaseUnit {
  readonly base: string;
  /** An integer, so that scaling is exact. */
  readonly factor: number;
}

const NANOSECONDS = 'nanoseconds';
const BYTES = 'bytes';
const COUNT = 'count';
const KIB = 1024;

/**
 * Spellings of units in lower case and without plural s. As in pprof's `measurement` package the kilobyte has 1,024
 * bytes, whether it is written kB or KiB: https://github.com/google/pprof/blob/main/internal/measurement/measurement.go
 */
const SPELLINGS: readonly (readonly [base: string, factor: number, spellings: readonly string[]])[] = [
  [NANOSECONDS, 1, ['n', 'ns', 'nsec', 'nano', 'nanosec', 'nanosecond']],
  [NANOSECONDS, 1e3, ['us', '\u00b5s', '\u03bcs', 'usec', 'micro', 'microsec', 'microsecond']],
  [NANOSECONDS, 1e6, ['ms', 'msec', 'milli', 'millisec', 'millisecond']],
  [NANOSECONDS, 1e9, ['s', 'sec', 'second']],
  [NANOSECONDS, 60e9, ['min', 'minute']],
  [NANOSECONDS, 3600e9, ['h', 'hr', 'hour']],
  [BYTES, 1, ['b', 'byte']],
  [BYTES, KIB, ['kb', 'kib', 'kbyte', 'kibyte', 'kilobyte', 'kibibyte']],
  [BYTES, KIB ** 2, ['mb', 'mib', 'mbyte', 'mibyte', 'megabyte', 'mebibyte']],
  [BYTES, KIB ** 3, ['gb', 'gib', 'gbyte', 'gibyte', 'gigabyte', 'gibibyte']],
  [BYTES, KIB ** 4, ['tb', 'tib', 'tbyte', 'tibyte', 'terabyte', 'tebibyte']],
  [COUNT, 1, ['count']],
];

const UNITS: ReadonlyMap<string, BaseUnit> = new Map(
  SPELLINGS.flatMap(([base, factor, spellings]) =>
    spellings.map((spelling) => [spelling, { base, factor }] as const),
  ),
);

/** Nanoseconds, bytes or count for any spelling of a unit of time, size or number; undefined for other units. */
export function baseUnitOf(unit: string): BaseUnit | undefined {
  const lower = unit.trim().toLowerCase();
  return UNITS.get(lower) ?? (lower.endsWith('s') ? UNITS.get(lower.slice(0, -1)) : undefined);
}
