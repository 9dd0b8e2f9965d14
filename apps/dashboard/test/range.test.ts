import { describe, expect, it } from 'vitest';
import {
  describeRange,
  fromInputText,
  parseDuration,
  parseInstant,
  previousRange,
  rangeProblem,
  spellDuration,
  toInputText,
} from '../src/time/range.ts';

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);

describe('time range', () => {
  it('reads relative, Unix ms and RFC 3339 times and refuses anything else', () => {
    expect(parseInstant('now', NOW)).toBe(NOW);
    expect(parseInstant('now-90m', NOW)).toBe(NOW - 5_400_000);
    expect(parseInstant('now-2w', NOW)).toBe(NOW - 2 * 604_800_000);
    expect(parseInstant(String(NOW), 0)).toBe(NOW);
    expect(parseInstant('2026-11-23T12:00:00Z', 0)).toBe(NOW);
    for (const text of ['', 'yesterday', 'now-', 'now-5y', '12', '2026-13-45T00:00:00Z']) {
      expect(parseInstant(text, NOW), text).toBeNull();
    }
  });

  it('keeps the previous range relative while the range is, and otherwise puts it right before', () => {
    expect(previousRange({ from: 'now-1h', to: 'now' }, NOW)).toEqual({ from: 'now-2h', to: 'now-1h' });
    expect(previousRange({ from: 'now-45m', to: 'now-15m' }, NOW)).toEqual({
      from: 'now-75m',
      to: 'now-45m',
    });
    expect(previousRange({ from: '1000000000000', to: '1000000600000' }, NOW)).toEqual({
      from: '999999400000',
      to: '1000000000000',
    });
  });

  it('names what is wrong with a typed range', () => {
    expect(rangeProblem({ from: 'now-1h', to: 'now' }, NOW)).toBeNull();
    expect(rangeProblem({ from: 'soon', to: 'now' }, NOW)).toContain('"soon" is not a time');
    expect(rangeProblem({ from: 'now', to: 'now-1h' }, NOW)).toBe('The start must be before the end.');
  });

  it('shows an absolute time so that typing it back gives the same second', () => {
    const shown = toInputText(String(NOW), NOW);
    expect(shown).toMatch(/^2026-11-2\d \d\d:00:00$/);
    expect(fromInputText(shown, NOW)).toBe(String(NOW));
    expect(toInputText('now-6h', NOW)).toBe('now-6h');
  });

  it('says a moving range in words and a fixed one by its ends', () => {
    expect(describeRange({ from: 'now-15m', to: 'now' }, NOW)).toBe('Last 15 min');
    expect(describeRange({ from: 'now-7d', to: 'now' }, NOW)).toBe('Last 7 d');
    expect(describeRange({ from: String(NOW - 60_000), to: String(NOW) }, NOW)).toContain('–');
  });

  it('reads durations that it spells', () => {
    for (const ms of [500, 15_000, 90_000, 5_400_000, 90_061_000]) {
      expect(parseDuration(spellDuration(ms))).toBe(ms);
    }
    expect(parseDuration('1h 30m')).toBe(5_400_000);
    expect(parseDuration('ten minutes')).toBeNull();
    expect(parseDuration('10m and more')).toBeNull();
  });
});
