import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hash64 } from '@everflame/profile';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpoolFolder } from '../src/adapters/spool-folder.ts';
import { FirstArrivals } from '../src/application/first-arrivals.ts';
import { FailingFiles, silent, TestFolder } from './support/spool-bench.ts';

const WINDOW = 60_000;
const T0 = Date.UTC(2026, 0, 1);
const id = (lo: number): Hash64 => ({ lo, hi: 7 });

describe('the first arrivals of pushes', () => {
  let folder: TestFolder;
  let files: FailingFiles;
  let arrivals: FirstArrivals;
  beforeEach(async () => {
    folder = new TestFolder();
    files = new FailingFiles(await SpoolFolder.open(folder.path));
    arrivals = await FirstArrivals.open(files, silent);
  });
  afterEach(async () => {
    await arrivals.close();
    await files.release();
    folder.dispose();
  });

  const journals = (): string[] => readdirSync(folder.path).filter((name) => name.startsWith('arrivals-'));
  /** When what has this identity arrived first. */
  const firstOf = async (identity: Hash64, windowMs: number, nowMs: number): Promise<number> =>
    (await arrivals.firstOf(identity, windowMs, nowMs)) ?? nowMs;
  async function restart(): Promise<void> {
    await arrivals.close();
    arrivals = await FirstArrivals.open(files, silent);
  }

  it('are answered within their window, and begin anew after it', async () => {
    expect(await firstOf(id(1), WINDOW, T0)).toBe(T0);
    expect(await firstOf(id(1), WINDOW, T0 + 59_999)).toBe(T0);
    expect(await firstOf(id(2), WINDOW, T0 + 1)).toBe(T0 + 1);
    expect(await firstOf(id(1), WINDOW, T0 + 60_000)).toBe(T0 + 60_000);
    expect(await firstOf(id(1), WINDOW, T0 + 60_001)).toBe(T0 + 60_000);
  });

  it('are the same for pushes that come in at once', async () => {
    const times = await Promise.all([0, 1, 2, 3].map((later) => firstOf(id(1), WINDOW, T0 + later)));
    expect(times).toEqual([T0, T0, T0, T0]);
  });

  it('are remembered over restarts, in one file', async () => {
    for (let i = 0; i < 50; i++) await firstOf(id(i), WINDOW, T0 + i);
    await restart();
    await restart();
    expect(await firstOf(id(3), WINDOW, T0 + 100)).toBe(T0 + 3);
    await firstOf(id(99), WINDOW, T0 + 100);
    expect(journals()).toHaveLength(1);
    await restart();
    expect(await firstOf(id(49), WINDOW, T0 + 200)).toBe(T0 + 49);
    expect(await firstOf(id(99), WINDOW, T0 + 200)).toBe(T0 + 100);
  });

  it('are on disk when they are answered', async () => {
    await firstOf(id(1), WINDOW, T0);
    const [journal = ''] = journals();
    expect(readFileSync(join(folder.path, journal), 'latin1')).toBe(
      `0000000700000001 ${T0} ${T0 + WINDOW}\n`,
    );
  });

  it('survive a line that was cut off, and bytes that are none', async () => {
    await firstOf(id(1), WINDOW, T0);
    await arrivals.close();
    const [journal = ''] = journals();
    appendFileSync(join(folder.path, journal), '\u0000garbage\n0000000700000002 17');
    await restart();
    expect(await firstOf(id(1), WINDOW, T0 + 5)).toBe(T0);
    expect(await firstOf(id(2), WINDOW, T0 + 5)).toBe(T0 + 5);
    await restart();
    expect(await firstOf(id(2), WINDOW, T0 + 9)).toBe(T0 + 5);
  });

  it('hold no push up when the disk is full, and are on disk again once it is not', async () => {
    await firstOf(id(1), WINDOW, T0);
    files.bytesLeft = 10;
    expect(await firstOf(id(2), WINDOW, T0)).toBe(T0);
    expect(await firstOf(id(2), WINDOW, T0 + 1)).toBe(T0);
    files.bytesLeft = Infinity;
    await firstOf(id(3), WINDOW, T0);
    await restart();
    for (const known of [1, 2, 3]) expect(await firstOf(id(known), WINDOW, T0 + 2)).toBe(T0);
    expect(journals()).toHaveLength(1);
  });

  it('are bounded: those that came first make room, in memory and on disk', async () => {
    const count = 200_000;
    await Promise.all(Array.from({ length: count }, (_, i) => firstOf(id(i), WINDOW, T0)));
    for (let i = 0; i < 4; i++) await firstOf(id(count + i), WINDOW, T0);
    expect(await firstOf(id(0), WINDOW, T0 + 1)).toBe(T0 + 1);
    expect(await firstOf(id(count - 1), WINDOW, T0 + 1)).toBe(T0);
    const [journal = ''] = journals();
    expect(readFileSync(join(folder.path, journal)).length).toBeLessThan(16 << 20);
  });
});
