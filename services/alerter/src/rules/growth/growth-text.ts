import type { AlertDocument } from '../../documents/alert-document.ts';
import type { AlertText } from '../rule-kind.ts';
import type { GrowthDetails, GrownFunction } from './growth-ports.ts';
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

/** Says what has grown, or has stopped growing, until `atMs`. */
export function describeGrowth(alert: AlertDocument, details: GrowthDetails, atMs: number): AlertText {
  const subject = `${describeSubject(alert)}: ${describeType(details.type)}`;
  const text = alert.state === 'resolved' ? describeEnd(details, atMs) : describeRise(details, atMs);
  return {
    annotations: {
      summary: `${subject} ${text}`,
      description: describeDetails(alert.ruleName, details),
      diff_url: details.diffUrl,
    },
    url: details.diffUrl,
  };
}

/** By how much it grew, since when, and through which function. */
function describeRise(details: GrowthDetails, atMs: number): string {
  const { unit, valueBefore, valueNow, since, grownFunctions } = details;
  const [largest] = grownFunctions;
  const cause = largest === undefined ? '' : `; grew most: ${describeFunction(largest, unit)}`;
  const grew = `grew by ${formatAmount(valueNow - valueBefore, unit)} in ${formatSpan(atMs - since)}`;
  return `${grew} (from ${formatAmount(valueBefore, unit)}), since ${formatClock(since, atMs)}${cause}`;
}

function describeEnd({ valueNow, unit }: GrowthDetails, atMs: number): string {
  return `has stopped growing and is at ${formatAmount(valueNow, unit)}, as of ${formatClock(atMs, atMs)}`;
}

/** Several lines: rate, values, the functions that grew, or why they are not known. */
function describeDetails(ruleName: string, details: GrowthDetails): string {
  const { unit, grownFunctions, explanationError } = details;
  const growth =
    `Rule "${visibleText(ruleName)}". From ${formatAmount(details.valueBefore, unit)} to ${formatAmount(details.valueNow, unit)}, ` +
    `growing at ${formatAmount(details.growthPerHour, unit)} per hour.`;
  const functions = grownFunctions
    .slice(0, MAX_DESCRIBED_FUNCTIONS)
    .map((one) => describeFunction(one, unit));
  return functions.length > 0
    ? `${growth}\nFunctions that grew most: ${functions.join(', ')}.`
    : `${growth}\nWhich functions grew is not known: ${visibleText(explanationError ?? 'no function has grown by itself')}.`;
}

function describeSubject({ group }: AlertDocument): string {
  const values = Object.values(group).filter((value) => value !== '');
  return values.length === 0 ? 'all services' : visibleText(values.join(' '));
}

function describeFunction(grown: GrownFunction, unit: string): string {
  return `${visibleText(grown.name)} (+${formatAmount(grown.after - grown.before, unit)})`;
}

function describeType(typeId: string): string {
  const type = parseProfileType(typeId);
  return visibleText(`${type.name}:${type.sampleType}`);
}

function formatClock(timeMs: number, nowMs: number): string {
  const text = new Date(timeMs).toISOString();
  const isToday = text.slice(0, 10) === new Date(nowMs).toISOString().slice(0, 10);
  return `${isToday ? '' : `${text.slice(0, 10)} `}${text.slice(11, 16)} UTC`;
}
