import { isCalendarTime } from '@everflame/profile';

/** A time range as the API and the URL spell it: Unix ms, RFC 3339, `now` or `now-1h` (s, m, h, d, w). */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

export const DEFAULT_RANGE: TimeRange = { from: 'now-1h', to: 'now' };

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const RELATIVE = /^now(?:-(\d{1,9})([smhdw]))?$/;

/** How far before now a relative time lies, in ms; null when the text is not relative. */
export function offsetBeforeNow(text: string): number | null {
  const match = RELATIVE.exec(text.trim());
  if (!match) return null;
  return Number(match[1] ?? 0) * (UNIT_MS[match[2] ?? 's'] ?? 0);
}

/** The instant a time text means, in Unix ms; null when it is none. */
export function parseInstant(text: string, now: number): number | null {
  const offset = offsetBeforeNow(text);
  if (offset !== null) return now - offset;
  const trimmed = text.trim();
  if (/^\d{10,15}$/.test(trimmed)) return Number(trimmed);
  if (!isCalendarTime(trimmed)) return null;
  const parsed = Date.parse(trimmed.replace(' ', 'T'));
  return Number.isNaN(parsed) ? null : parsed;
}

/** Both ends in Unix ms; an end that cannot be read falls back to the default range. */
function resolveRange(range: TimeRange, now: number): { from: number; to: number } {
  const to = parseInstant(range.to, now) ?? now;
  const from = parseInstant(range.from, now) ?? to - 3_600_000;
  return { from, to };
}

/** Says what is wrong with a range that a person typed; null when it can be used. */
export function rangeProblem(range: TimeRange, now: number): string | null {
  const from = parseInstant(range.from, now);
  const to = parseInstant(range.to, now);
  if (from === null) return `"${range.from}" is not a time. Use now-2h or 2026-01-31 13:00.`;
  if (to === null) return `"${range.to}" is not a time. Use now or 2026-01-31 14:00.`;
  return from < to ? null : 'The start must be before the end.';
}

/** The range of the same length that ends where this one starts; relative ranges stay relative. */
export function previousRange(range: TimeRange, now: number): TimeRange {
  const fromOffset = offsetBeforeNow(range.from);
  const toOffset = offsetBeforeNow(range.to);
  if (fromOffset !== null && toOffset !== null) {
    return { from: `now-${spellOffset(2 * fromOffset - toOffset)}`, to: range.from };
  }
  const { from, to } = resolveRange(range, now);
  return { from: String(from - (to - from)), to: String(from) };
}

function spellOffset(ms: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = UNIT_MS[unit] ?? 1;
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${Math.round(ms / 1000)}s`;
}

/** Whether the range moves with the clock, so that a refresh can show something new. */
export function isMoving(range: TimeRange): boolean {
  return offsetBeforeNow(range.to) !== null;
}

/** The range in words for headings and buttons. */
export function describeRange(range: TimeRange, now: number): string {
  const offset = offsetBeforeNow(range.from);
  if (offset !== null && range.to === 'now') return `Last ${describeDuration(offset)}`;
  const { from, to } = resolveRange(range, now);
  return `${formatInstant(from)} – ${formatInstant(to)}`;
}

/** A duration in words with its largest fitting unit: `15 min`, `1 h`, `7 d`. */
export function describeDuration(ms: number): string {
  if (ms >= 86_400_000 * 2 && ms % 86_400_000 === 0) return `${ms / 86_400_000} d`;
  if (ms >= 3_600_000 && ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  if (ms >= 60_000) return `${trimNumber(ms / 60_000)} min`;
  return `${trimNumber(ms / 1000)} s`;
}

/** The ranges that are offered; each ends now. */
export const RANGE_PRESETS = ['now-15m', 'now-1h', 'now-6h', 'now-24h', 'now-7d'].map((from) => ({
  from,
  label: describeDuration(offsetBeforeNow(from) ?? 0),
}));

function trimNumber(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const INSTANT = new Intl.DateTimeFormat('en-GB', {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** Day and minute in the viewer's time zone. */
export function formatInstant(ms: number): string {
  return INSTANT.format(ms);
}

/** How long ago an instant was: `12 s ago`, `3 h ago`. */
export function formatAgo(ms: number, now: number): string {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

/** An instant as the time inputs show it, `2026-01-31 13:00:05`, in the viewer's time zone. */
export function toInputText(text: string, now: number): string {
  if (offsetBeforeNow(text) !== null) return text;
  const instant = parseInstant(text, now);
  if (instant === null) return text;
  const local = new Date(instant - new Date(instant).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

/** What a person typed as the URL keeps it: relative stays, absolute becomes Unix ms. */
export function fromInputText(text: string, now: number): string {
  const trimmed = text.trim();
  if (offsetBeforeNow(trimmed) !== null) return trimmed;
  const instant = parseInstant(trimmed, now);
  return instant === null ? trimmed : String(instant);
}

/** Reads a duration such as `90s`, `10m` or `1h 30m`; null when it is none. */
export function parseDuration(text: string): number | null {
  const parts = text.trim().match(/\d+(?:\.\d+)?\s*(?:ms|[smhdw])/g);
  if (!parts || parts.join('').replace(/\s/g, '') !== text.replace(/\s/g, '')) return null;
  return parts.reduce((sum, part) => {
    const unit = /[a-z]+$/.exec(part)?.[0] ?? 's';
    return sum + Number.parseFloat(part) * (unit === 'ms' ? 1 : (UNIT_MS[unit] ?? 0));
  }, 0);
}

/** Spells a duration so that `parseDuration` reads it back: `1h 30m`. */
export function spellDuration(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  let rest = ms;
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = UNIT_MS[unit] ?? 1;
    const count = unit === 's' ? rest / size : Math.floor(rest / size);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * size;
  }
  return parts.join(' ');
}
