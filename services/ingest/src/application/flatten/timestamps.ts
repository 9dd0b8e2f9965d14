import { DAY_MS, InvalidArgumentError } from '@everflame/profile';

const YEAR_2000_MS = Date.UTC(2000, 0, 1);
const MAX_AHEAD_MS = 10 * 60_000;

/** When a profile was taken: what the pusher says, else what the profile says; nothing before 2000 counts as said. */
export function statedTime(statedMs: number, profileMs: number): number | undefined {
  return [statedMs, profileMs].find((candidate) => candidate >= YEAR_2000_MS);
}

/**
 * The time a profile is stored under: what the pusher says, else what the profile says, else now; anything before
 * 2000 counts as not said. Throws for more than 10 min ahead (`timestamp_in_future`) and as `checkAge`.
 */
export function effectiveTime(
  statedMs: number,
  profileMs: number,
  nowMs: number,
  retentionDays: number,
): number {
  const timeMs = statedTime(statedMs, profileMs) ?? nowMs;
  if (timeMs > nowMs + MAX_AHEAD_MS) {
    throw new InvalidArgumentError(
      `The profile is dated ${new Date(timeMs).toISOString()}, more than 10 min ahead.`,
      { code: 'timestamp_in_future', hint: 'Correct the clock of the machine that sends it.' },
    );
  }
  checkAge(timeMs, nowMs, retentionDays);
  return Math.trunc(timeMs);
}

/** Throws (`timestamp_too_old`) for a time past the retention, where storage would drop the profile again. */
export function checkAge(timeMs: number, nowMs: number, retentionDays: number): void {
  if (timeMs < nowMs - retentionDays * DAY_MS) {
    throw new InvalidArgumentError(
      `The profile is dated ${new Date(timeMs).toISOString()}, older than the retention of ${retentionDays} days.`,
      { code: 'timestamp_too_old', hint: 'Raise the retention, or state the time of the push.' },
    );
  }
}

/** The number of the day, in UTC, that a time is in. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}
