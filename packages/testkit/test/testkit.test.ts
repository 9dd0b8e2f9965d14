import { existsSync, readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock, listCorpus, missingTool, readTestdata, requireTool, waitFor } from '../src/index.ts';

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

describe('waitFor', () => {
  it('returns the first truthy outcome, and takes errors as not yet', async () => {
    const outcomes = [undefined, false, new Error('not yet'), 'here'];
    const found = await waitFor<string>(
      () => {
        const next = outcomes.shift();
        if (next instanceof Error) throw next;
        return next as string | undefined | false;
      },
      { what: 'an outcome', intervalMs: 0 },
    );
    expect(found).toBe('here');
    expect(outcomes).toEqual([]);
  });

  it('says what it waited for and why it was not there', async () => {
    const waiting = waitFor(() => Promise.reject(new Error('connection refused')), {
      what: 'a server',
      timeoutMs: 0,
    });
    await expect(waiting).rejects.toThrow('waited 0 ms in vain for a server; last error: connection refused');
  });
});

describe('requireTool', () => {
  it('finds a program of the system', () => {
    expect(requireTool('sh')).toMatch(/\/sh$/);
  });

  it('finds nothing locally and throws where CI=true', () => {
    process.env['CI'] = 'false';
    expect(requireTool('no-such-program-here')).toBeUndefined();
    process.env['CI'] = 'true';
    expect(() => requireTool('no-such-program-here')).toThrow('no-such-program-here is not installed');
  });

  it('missingTool says how to get it', () => {
    expect(() => missingTool('thing', 'Run make thing.')).toThrow('thing is not installed. Run make thing.');
  });
});

describe('FakeClock', () => {
  it('moves only when told', () => {
    const clock = new FakeClock('2026-01-01T00:00:00Z');
    const start = clock.now();
    clock.advance(1500);
    expect(clock.now() - start).toBe(1500);
    clock.set(start);
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1));
  });
});

describe('testdata', () => {
  it('lists the corpus as paths that can be read', () => {
    const corpus = new URL('../../../testdata/corpus', import.meta.url);
    if (!existsSync(corpus) || readdirSync(corpus).length === 0) {
      expect(() => listCorpus()).toThrow(/corpus/);
      return;
    }
    const files = listCorpus();
    expect(files[0]).toMatch(/^corpus\//);
    expect(readTestdata(files[0]!).length).toBeGreaterThan(0);
  });
});
