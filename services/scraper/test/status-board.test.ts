import { DomainError } from '@everflame/profile';
import { describe, expect, it } from 'vitest';
import { answerSchema } from '@everflame/testkit';
import { StatusBoard } from '../src/application/status-board.ts';
import { TargetSet } from '../src/application/target-set.ts';
import { EVERYONE, targetWith } from './support/configs.ts';

const targetsResponseSchema = answerSchema('get', 'targets');

const refused = new DomainError('unavailable', 'connection_refused', 'No one listens.', {
  hint: 'Start it.',
});

function boardOf(config: object = {}) {
  const target = targetWith(config);
  const board = new StatusBoard(new TargetSet([target]));
  const [cpu, heap] = target.profiles;
  if (cpu === undefined || heap === undefined) throw new Error('profiles are missing');
  const record = (profile: typeof cpu, error?: DomainError, at = 1000) =>
    board.record(target, profile, { at, durationMs: 20, bodyBytes: error ? undefined : 300, error });
  const status = () => board.list(EVERYONE).targets[0];
  return { cpu, heap, record, status, board };
}

describe('StatusBoard', () => {
  it('is unknown before the first scrape', () => {
    const { status } = boardOf();
    expect(status()).toMatchObject({ health: 'unknown', scrapeIntervalMs: 15_000 });
    expect(status()?.profiles).toHaveLength(7);
    expect(status()?.profiles[0]).toMatchObject({
      profile: 'cpu',
      health: 'unknown',
      lastScrapeAt: null,
      scrapes: 0,
    });
  });

  it('is down while one profile is down, and up when it came back', () => {
    const { cpu, heap, record, status } = boardOf();
    expect(record(cpu)).toBe('unknown');
    expect(record(heap, refused)).toBe('unknown');
    expect(status()?.health).toBe('down');
    expect(record(heap)).toBe('down');
    expect(status()?.health).toBe('up');
    expect(status()?.profiles[1]).toMatchObject({ health: 'up', lastError: null, scrapes: 2, failures: 1 });
  });

  it('shows the code of a failure, and what to do about it', () => {
    const { cpu, record, status } = boardOf();
    record(cpu, refused, 5000);
    expect(status()?.profiles[0]).toMatchObject({
      lastScrapeAt: 5000,
      lastBytes: null,
      lastError: { code: 'connection_refused', message: 'No one listens. Start it.' },
    });
  });

  it('lists what the contract promises', () => {
    const { cpu, record, board } = boardOf();
    record(cpu);
    expect(targetsResponseSchema.parse(board.list(EVERYONE))).toEqual(board.list(EVERYONE));
  });
});
