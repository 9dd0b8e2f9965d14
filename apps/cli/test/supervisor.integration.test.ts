import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, waitFor } from '@everflame/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from '../src/up/log-file.ts';
import { httpProblem } from '../src/up/processes.ts';
import type { ProcessSpec } from '../src/up/supervised-process.ts';
import { type RestartPolicy, Supervisor } from '../src/up/supervisor.ts';

const PROGRAM = fileURLToPath(new URL('programs/fake-service.mjs', import.meta.url));
const POLICY: RestartPolicy = { maxRestarts: 3, windowMs: 600_000, firstDelayMs: 10, maxDelayMs: 20 };

let folder: string;
let lines: string[];
let supervisor: Supervisor;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'everflame-cli-'));
  lines = [];
  writeFileSync(join(folder, 'journal'), '');
  supervisor = new Supervisor((line) => lines.push(line), POLICY);
});
afterEach(async () => {
  await supervisor.stop([]);
  rmSync(folder, { recursive: true, force: true });
});

const journal = (): string[] =>
  readFileSync(join(folder, 'journal'), 'utf8').trim().split('\n').filter(Boolean);
const journalOf = (what: string): string[] =>
  journal()
    .filter((line) => line.includes(` ${what} `))
    .map((line) => line.split(' ')[0] ?? '');

interface FakeService extends ProcessSpec {
  readonly url: string;
}

async function fakeService(
  name: string,
  behaviour = 'good',
  more: Partial<ProcessSpec> = {},
): Promise<FakeService> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return {
    name,
    args: [PROGRAM],
    env: {
      FAKE_NAME: name,
      FAKE_PORT: String(port),
      FAKE_BEHAVIOUR: behaviour,
      FAKE_JOURNAL: join(folder, 'journal'),
    },
    log: new LogFile(folder, name),
    notReadyBecause: () => httpProblem(`${url}/readyz`),
    startTimeoutMs: 20_000,
    stopTimeoutMs: 10_000,
    url,
    ...more,
  };
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('Supervisor', () => {
  it('resolves when every process of the stage is ready and stops them in the order asked for', async () => {
    const [a, b, c] = [await fakeService('a'), await fakeService('b'), await fakeService('c')];
    await supervisor.startStage([a, b, c]);
    expect(lines.toSorted()).toEqual(['a', 'b', 'c'].map((name) => expect.stringMatching(`^✓ ${name} \\(`)));
    await supervisor.stop(['c', 'a', 'b']);
    expect(journalOf('stopped')).toEqual(['c', 'a', 'b']);
  });

  it('fails with message and hint of the fatal line when a process cannot start', async () => {
    await expect(supervisor.startStage([await fakeService('a', 'cannot-start')])).rejects.toMatchObject({
      processName: 'a',
      code: 1,
      message: 'a could not start (exit code 1)',
      lines: ['The store is of a newer version.', 'Upgrade Everflame.'],
    });
  });

  it('fails with the last answer of a process that never becomes ready, and leaves it not running', async () => {
    const spec = await fakeService('a', 'never-ready', { startTimeoutMs: 1500 });
    await expect(supervisor.startStage([spec])).rejects.toMatchObject({
      message: expect.stringContaining('answers 503 {"status":"as told"}'),
    });
    const pid = Number(journal()[0]?.split(' ')[2]);
    expect(pid).toBeGreaterThan(0);
    expect(isRunning(pid)).toBe(false);
  });

  it('starts a process that dies later again', async () => {
    const a = await fakeService('a');
    await supervisor.startStage([a]);
    await httpProblem(`${a.url}/die`);
    await waitFor(() => lines.some((line) => line.startsWith('✓ a is back')), { what: 'a to be back' });
    expect(await httpProblem(`${a.url}/readyz`)).toBeUndefined();
    expect(lines[1]).toBe('! a ended (exit code 7); starting it again in 0.01 s (1 of 3)');
  });

  it('gives up on a process that keeps dying, with its last lines', async () => {
    await supervisor.startStage([await fakeService('a', 'always-dies')]);
    const failure = await supervisor.failure;
    expect(failure.processName).toBe('a');
    expect(failure.message).toMatch(/after it was started again 3 times$/);
    expect(lines.filter((line) => line.startsWith('!'))).toHaveLength(3);
  });

  it('shows the last lines of a process without a fatal line', async () => {
    const a = await fakeService('a');
    const strict = new Supervisor(() => undefined, { ...POLICY, maxRestarts: 0 });
    await strict.startStage([a]);
    await httpProblem(`${a.url}/die`);
    expect((await strict.failure).lines).toEqual(['error: out of luck: the sky fell']);
  });

  it('kills a process that does not stop within its time', async () => {
    await supervisor.startStage([await fakeService('a', 'stubborn', { stopTimeoutMs: 200 })]);
    const pid = Number(journal()[0]?.split(' ')[2]);
    await supervisor.stop(['a']);
    expect(isRunning(pid)).toBe(false);
    expect(journalOf('stopped')).toEqual([]);
  });

  it('tries again while what a process needs is still held by one that is ending', async () => {
    const busy = { exitCode: 3, forMs: 20_000 };
    await supervisor.startStage([await fakeService('a', 'busy-once', { busy })]);
    expect(journalOf('up')).toEqual(['a']);
  });

  it('stops a start that is under way', async () => {
    const spec = await fakeService('a', 'never-ready');
    const started = supervisor.startStage([spec]).catch((error: unknown) => error);
    await waitFor(() => journalOf('up').length === 1, { what: 'a to run' });
    await supervisor.stop([]);
    expect(await started).toBeInstanceOf(Error);
    expect(isRunning(Number(journal()[0]?.split(' ')[2]))).toBe(false);
  });
});
