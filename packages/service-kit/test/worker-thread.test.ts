import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WorkerThread } from '../src/index.ts';

/** Doubles numbers; ends over -1, sends nothing for 0, and never comes back from -2. */
const BODY = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort, workerData } from 'node:worker_threads';
    if (workerData === 'broken') throw new Error('cannot start');
    parentPort.on('message', (number) => {
      if (number === -1) throw new Error('odd number');
      while (number === -2);
      if (number !== 0) parentPort.postMessage(number * 2);
    });
    parentPort.postMessage(workerData);
  `)}`,
);

describe('WorkerThread', () => {
  const lost: string[] = [];
  let thread: WorkerThread<number, number, string> | undefined;
  const threadWith = (workerData: string): WorkerThread<number, number, string> =>
    (thread = new WorkerThread({ body: BODY, workerData, onLost: ({ message }) => lost.push(message) }));

  afterEach(async () => {
    await thread?.close();
    lost.length = 0;
  });

  it('starts with the first job and answers jobs in their order', async () => {
    const doubling = threadWith('hello');
    expect(await Promise.all([1, 2, 3].map((number) => doubling.ask(number)))).toEqual([2, 4, 6]);
    expect(await doubling.start()).toBe('hello');
    doubling.tell(0);
    expect(await doubling.ask(4)).toBe(8);
    expect(await doubling.ask(5)).toBe(10);
  });

  it('fails the jobs that a lost thread has not answered, and starts another for the next one', async () => {
    const doubling = threadWith('hello');
    const jobs = await Promise.allSettled([5, -1, 6].map((number) => doubling.ask(number)));
    expect(jobs.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(lost).toEqual(['odd number']);
    expect(await doubling.ask(7)).toBe(14);
  });

  it('tells of its answers before it tells that it is lost, also where they come at the same time', async () => {
    for (let round = 0; round < 50; round++) {
      const heard: string[] = [];
      const failing = new WorkerThread<number, number>({ body: BODY, onLost: () => heard.push('lost') });
      await failing.start();
      const jobs = [1, 2, 3, -1].map((number) =>
        failing.ask(number).then((answer) => heard.push(`${answer}`)),
      );
      await Promise.allSettled(jobs);
      expect(heard).toEqual(['2', '4', '6', 'lost']);
    }
  });

  it('ends over a job that does not end, for the reason given', async () => {
    const doubling = threadWith('hello');
    await doubling.start();
    const stuck = doubling.ask(-2);
    doubling.endOver(new Error('too long'));
    await expect(stuck).rejects.toThrow('too long');
    expect(lost).toEqual(['too long']);
    expect(await doubling.ask(1)).toBe(2);
  });

  it('says why it cannot start to who waits for it and to every job', async () => {
    const broken = threadWith('broken');
    const [job, start] = await Promise.allSettled([broken.ask(1), broken.start()]);
    for (const each of [job, start]) expect(each).toMatchObject({ reason: { message: 'cannot start' } });
    expect(lost).toEqual(['cannot start']);
  });

  it('refuses the job that cannot be sent, and that one alone', async () => {
    const doubling = threadWith('hello');
    const before = doubling.ask(1);
    await expect(doubling.ask((() => 0) as unknown as number)).rejects.toThrow('could not be cloned');
    expect(await Promise.all([before, doubling.ask(2)])).toEqual([2, 4]);
  });

  it('loses nothing of note when it is closed, and takes no job after that', async () => {
    const doubling = threadWith('hello');
    await doubling.start();
    const stuck = doubling.ask(-2);
    stuck.catch(() => undefined);
    await setImmediate();
    await doubling.close();
    await expect(stuck).rejects.toThrow('The thread is closed.');
    await expect(doubling.ask(1)).rejects.toThrow('The thread is closed.');
    expect(lost).toEqual([]);
  });
});
