interface Scale {
  readonly factor: number;
  readonly suffix: string;
}

const DURATIONS: readonly Scale[] = [
  { factor: 1e-9, suffix: ' ns' },
  { factor: 1e-6, suffix: ' µs' },
  { factor: 1e-3, suffix: ' ms' },
  { factor: 1, suffix: ' s' },
  { factor: 60, suffix: ' min' },
  { factor: 3600, suffix: ' h' },
  { factor: 86_400, suffix: ' d' },
];
const BYTES: readonly Scale[] = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].map((unit, index) => ({
  factor: 1024 ** index,
  suffix: ` ${unit}`,
}));
const COUNTS: readonly Scale[] = ['', 'k', 'M', 'G', 'T', 'P'].map((suffix, index) => ({
  factor: 1000 ** index,
  suffix,
}));

const SECONDS_PER: Readonly<Record<string, number>> = {
  ns: 1e-9,
  nanosecond: 1e-9,
  us: 1e-6,
  microsecond: 1e-6,
  ms: 1e-3,
  millisecond: 1e-3,
  s: 1,
  second: 1,
};
const BARE_UNITS = new Set(['', 'count', 'object', 'sample', 'contention', 'goroutine', 'thread']);

/**
 * A value for people, with three significant digits: `1.24 s`, `12.3 MiB`, `1.2k`, `0.35 cores`, `3.4 MiB/s`, `12.3%`.
 * Knows pprof's time, byte and count units, `cores`, `share` (0 to 1), and any of them per second (`bytes/s`).
 * Another unit is appended as it is.
 */
export function formatValue(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '–';
  if (unit.endsWith('/s')) return `${formatValue(value, unit.slice(0, -2))}/s`;
  if (unit === 'share') return `${threeDigits(value * 100)}%`;
  const singular = unit.length > 2 && unit.endsWith('s') ? unit.slice(0, -1) : unit;
  const seconds = SECONDS_PER[singular];
  if (seconds !== undefined) return scaled(value, seconds, DURATIONS);
  if (singular === 'byte' || unit === 'B') return scaled(value, 1, BYTES);
  const count = scaled(value, 1, COUNTS);
  return BARE_UNITS.has(singular) ? count : `${count} ${unit}`;
}

/** `value * unitFactor` in the largest scale of which there is at least one, after rounding. */
function scaled(value: number, unitFactor: number, scales: readonly Scale[]): string {
  if (value === 0) return `0${scales.find((scale) => scale.factor === unitFactor)?.suffix ?? ''}`;
  let index = scales.length - 1;
  while (index > 0 && Math.abs(value) * (unitFactor / (scales[index]?.factor ?? 1)) < 0.9995) index--;
  const scale = scales[index] ?? { factor: 1, suffix: '' };
  return `${threeDigits(value * (unitFactor / scale.factor))}${scale.suffix}`;
}

function threeDigits(value: number): string {
  if (Math.abs(value) >= 1000) return String(Math.round(value));
  const digits = Number(value.toPrecision(3));
  return digits !== 0 && Math.abs(digits) < 1e-6 ? digits.toExponential() : String(digits);
}
