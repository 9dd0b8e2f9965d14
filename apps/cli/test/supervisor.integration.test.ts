import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, waitFor } from '@everflame/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SupervisionPolicy } from '../src/up/supervision/kept-process.ts';
import { LogFile } from '../src/up/supervision/log-file.ts';
import { answersHttp, httpProblem } from '../src/up/processes/processes.ts';
import type { ProcessSpec } from '../src/up/supervision/supervised-process.ts';
import { Supervisor } from '../src/up/supervision/supervisor.ts';

const PROGRAM = fileURLToPath(new URL('programs/fake-service.mjs', import.meta.url));
const POLICY: SupervisionPolicy = {
  restart: { firstDelayMs: 10, maxDelayMs: 40, healthyMs: 600_000 },
  liveness: { intervalMs: 100, timeoutMs: 1000, silenceMs: 3000 },
  patienceMs: 0,
};

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

/** The process id under which a service came up last. */
const pidOf = (name: string): number =>
  Number(
    journal()
      .findLast((line) => line.startsWith(`${name} up `))
      ?.split(' ')[2],
  );

/** Waits until the supervisor has asked a few times more. */
async function waitForProbes(service: FakeService): Promise<void> {
  const until = service.asked() + 3;
  await waitFor(() => service.asked() >= until, { what: 'three more questions' });
}

interface FakeService extends ProcessSpec {
  readonly url: string;
  /** How often the supervisor asked whether it is alive. */
  readonly asked: () => number;
}

async function fakeService(
  name: string,
  behaviour = 'good',
  more: Partial<ProcessSpec> = {},
): Promise<FakeService> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let asked = 0;
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
    isAlive: (timeoutMs) => {
      asked += 1;
      return answersHttp(`${url}/healthz`, timeoutMs);
    },
    notReadyBecause: () => httpProblem(`${url}/readyz`),
    startTimeoutMs: 20_000,
    stopTimeoutMs: 10_000,
    fatalExitCodes: [2],
    url,
    asked: () => asked,
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

  it('fails with message and hint of the fatal line when a process ends in a way that no restart mends', async () => {
    const good = await fakeService('good');
    const failed = supervisor.startStage([good, await fakeService('a', 'cannot-start')]);
    const expected = {
      processName: 'a',
      code: 2,
      message: 'a could not start (exit code 2)',
      lines: ['The store is of a newer version.', 'Upgrade Everflame.'],
    };
    await expect(failed).rejects.toMatchObject(expected);
    expect(await supervisor.failure).toMatchObject(expected);
    expect(lines.filter((line) => line.startsWith('!'))).toEqual([]);
  });

  it('goes on with a process that was ready once, also when no restart mends what it ends with', async () => {
    const a = await fakeService('a');
    await supervisor.startStage([a]);
    writeFileSync(join(folder, 'journal.newer'), '');
    await httpProblem(`${a.url}/die`);
    await waitFor(() => lines.some((line) => line.includes('The store is of a newer version.')), {
      what: 'a to say why it does not start',
    });
    rmSync(join(folder, 'journal.newer'));
    await waitFor(() => lines.some((line) => line.startsWith('✓ a is back')), { what: 'a to be back' });
  });

  it('starts what cannot start yet again and again, others untouched, and says so once', async () => {
    const [a, b] = [await fakeService('a', 'cannot-start-yet'), await fakeService('b')];
    const started = supervisor.startStage([a, b]);
    await waitFor(() => journalOf('failed').length >= 8, { what: 'a to fail eight times' });
    expect(lines.filter((line) => line.startsWith('! a')).map((line) => line.split('; ')[1])).toEqual([
      'starting it again in 0.01 s',
      'starting it again in 0.02 s',
      'starting it again every 0.04 s',
    ]);
    expect(supervisor.waiting.get('a')).toContain('exit code 1');
    writeFileSync(join(folder, 'journal.mended'), '');
    await started;
    expect(journalOf('up').filter((name) => name === 'b')).toEqual(['b']);
    expect(supervisor.waiting.size).toBe(0);
  });

  it('shows in one line what a process waits for, and that it works then', async () => {
    const a = await fakeService('a', 'ready-later');
    const started = supervisor.startStage([a]);
    await waitFor(() => lines.length > 0, { what: 'a line' });
    await waitForProbes(a);
    expect(lines).toEqual(['… a waits: store: is away']);
    expect(supervisor.waiting).toEqual(new Map([['a', 'store: is away']]));
    writeFileSync(join(folder, 'journal.mended'), '');
    await started;
    expect(lines[1]).toMatch(/^✓ a \(/);
    expect(journalOf('up')).toEqual(['a']);
  });

  it('starts a process that dies later again', async () => {
    const a = await fakeService('a');
    await supervisor.startStage([a]);
    await httpProblem(`${a.url}/die`);
    await waitFor(() => lines.some((line) => line.startsWith('✓ a is back')), { what: 'a to be back' });
    expect(await httpProblem(`${a.url}/readyz`)).toBeUndefined();
    expect(lines[1]).toBe(
      '! a ended (exit code 7: error: out of luck: the sky fell); starting it again in 0.01 s',
    );
  });

  it('goes on for ever with a process that keeps dying', async () => {
    await supervisor.startStage([await fakeService('a', 'always-dies'), await fakeService('b')]);
    await waitFor(() => journalOf('up').filter((name) => name === 'a').length >= 8, {
      what: 'a to be started eight times',
    });
    expect(journalOf('up').filter((name) => name === 'b')).toEqual(['b']);
  });

  it('kills and starts again what stands still, and nothing else', async () => {
    const [a, b] = [await fakeService('a'), await fakeService('b')];
    await supervisor.startStage([a, b]);
    const [frozen, other] = [pidOf('a'), pidOf('b')];
    process.kill(frozen, 'SIGSTOP');
    await waitFor(() => lines.some((line) => line.startsWith('✓ a is back')), { what: 'a to be back' });
    expect(isRunning(frozen)).toBe(false);
    expect(pidOf('b')).toBe(other);
    expect(lines).toContain('! a has not answered for 3 s and was killed; starting it again in 0.01 s');
  });

  it('kills and starts again what never answers after its start', async () => {
    const a = await fakeService('a', 'deaf-once', { startTimeoutMs: 4000 });
    await supervisor.startStage([a]);
    expect(lines[0]).toBe('! a has not answered for 4 s and was killed; starting it again in 0.01 s');
    expect(journalOf('up')).toEqual(['a']);
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

  it('stops a process that stands still', async () => {
    await supervisor.startStage([await fakeService('a', 'good', { stopTimeoutMs: 200 })]);
    const pid = pidOf('a');
    process.kill(pid, 'SIGSTOP');
    await supervisor.stop(['a']);
    expect(isRunning(pid)).toBe(false);
  });

  it('stops a start that is under way', async () => {
    const spec = await fakeService('a', 'ready-later');
    const started = supervisor.startStage([spec]).catch((error: unknown) => error);
    await waitFor(() => journalOf('up').length === 1, { what: 'a to run' });
    await supervisor.stop([]);
    expect(await started).toBeInstanceOf(Error);
    expect(isRunning(Number(journal()[0]?.split(' ')[2]))).toBe(false);
  });
});
