export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}))?/;

/**
 * Whether a text begins with a day of the calendar, such as `2026-02-28`, and with an hour of it where one follows.
 * `Date.parse` takes 30 February for 2 March and hour 24 for midnight.
 */
export function isCalendarTime(text: string): boolean {
  const parts = DATE.exec(text);
  if (parts === null) return false;
  const [, year, month, day, hour = '0'] = parts;
  const daysOfMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const isMonth = Number(month) >= 1 && Number(month) <= 12;
  return isMonth && Number(day) >= 1 && Number(day) <= daysOfMonth && Number(hour) <= 23;
}
