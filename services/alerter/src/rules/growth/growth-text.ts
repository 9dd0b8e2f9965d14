import type { Alert } from '@everflame/contract';
import { parseProfileType, visibleText } from '@everflame/profile';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MAX_DESCRIBED_FUNCTIONS = 5;
const BYTE_STEPS = [
  [1024 ** 4, 'TiB'],
  [1024 ** 3, 'GiB'],
  [1024 ** 2, 'MiB'],
  [1024, 'KiB'],
] as const;

/** `38.2 MiB`, `1200`, `3.0 s`: a value in its unit, short enough to read. */
export function formatAmount(value: number, unit: string): string {
  if (unit === 'bytes') {
    const step = BYTE_STEPS.find(([size]) => Math.abs(value) >= size);
    return step === undefined ? `${Math.round(value)} B` : `${(value / step[0]).toFixed(1)} ${step[1]}`;
  }
  if (unit === 'nanoseconds') return `${(value / 1e9).toFixed(1)} s`;
  const number =
    Number.isInteger(value) || Math.abs(value) >= 100 ? String(Math.round(value)) : value.toFixed(1);
  return unit === 'count' || unit === '' ? number : `${number} ${unit}`;
}

/** `42 s`, `4 min`, `3.5 h`, `2.1 d`. */
export function formatSpan(spanMs: number): string {
  if (spanMs < 2 * MINUTE_MS) return `${Math.round(spanMs / 1000)} s`;
  if (spanMs < 2 * HOUR_MS) return `${Math.round(spanMs / MINUTE_MS)} min`;
  if (spanMs < 2 * DAY_MS) return `${(spanMs / HOUR_MS).toFixed(1)} h`;
  return `${(spanMs / DAY_MS).toFixed(1)} d`;
}

/** One line: what grew, by how much, since when, and through which function. */
export function summaryOf(alert: Alert, atMs: number): string {
  const grew = `grew by ${formatAmount(alert.valueNow - alert.valueBefore, alert.unit)}`;
  const [largest] = alert.grownFunctions;
  const cause = largest === undefined ? '' : `; grew most: ${describeFunction(largest, alert.unit)}`;
  const what = `${subjectOf(alert)}: ${typeName(alert.type)}`;
  const from = `(from ${formatAmount(alert.valueBefore, alert.unit)})`;
  return `${what} ${grew} in ${formatSpan(atMs - alert.since)} ${from}, since ${clockTime(alert.since, atMs)}${cause}`;
}

/** One line for the end of an alert. */
export function resolvedSummaryOf(alert: Alert, atMs: number): string {
  const level = `is at ${formatAmount(alert.valueNow, alert.unit)}`;
  return `${subjectOf(alert)}: ${typeName(alert.type)} has stopped growing and ${level}, as of ${clockTime(atMs, atMs)}`;
}

/** Several lines: rate, levels, the functions that grew, or why they are not known. */
export function descriptionOf(alert: Alert, explanationError: string | null): string {
  const { unit } = alert;
  const lines = [
    `Rule "${visibleText(alert.ruleName)}". From ${formatAmount(alert.valueBefore, unit)} to ${formatAmount(alert.valueNow, unit)}, ` +
      `growing at ${formatAmount(alert.growthPerHour, unit)} per hour.`,
  ];
  if (alert.grownFunctions.length > 0) {
    const functions = alert.grownFunctions.slice(0, MAX_DESCRIBED_FUNCTIONS);
    lines.push(
      `Functions that grew most: ${functions.map((one) => describeFunction(one, unit)).join(', ')}.`,
    );
  } else {
    lines.push(
      `Which functions grew is not known: ${visibleText(explanationError ?? 'no function has grown by itself')}.`,
    );
  }
  return lines.join('\n');
}

function subjectOf(alert: Alert): string {
  const values = Object.values(alert.labels).filter((value) => value !== '');
  return values.length === 0 ? 'all services' : visibleText(values.join(' '));
}

function describeFunction(grown: Alert['grownFunctions'][number], unit: string): string {
  return `${visibleText(grown.name)} (+${formatAmount(grown.after - grown.before, unit)})`;
}

function typeName(typeId: string): string {
  const type = parseProfileType(typeId);
  return visibleText(`${type.name}:${type.sampleType}`);
}

function clockTime(timeMs: number, nowMs: number): string {
  const text = new Date(timeMs).toISOString();
  const isToday = text.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10);
  return `${isToday ? '' : `${text.slice(0, 10)} `}${text.slice(11, 16)} UTC`;
}
