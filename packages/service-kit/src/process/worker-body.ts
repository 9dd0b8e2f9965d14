import { parentPort, type Transferable } from 'node:worker_threads';

/** Answers a job by calling `send`, or a message that wants no answer not at all; `moved` goes along without a copy. */
export type JobRunner<Job, Answer> = (
  job: Job,
  send: (answer: Answer, moved?: readonly Transferable[]) => void,
) => void;

/** The body of a `WorkerThread`: says that it is ready, and runs the jobs in their order. */
export function serveJobs<Job, Answer>(run: JobRunner<Job, Answer>, ready: unknown = 'ready'): void {
  const port = parentPort;
  if (port === null) throw new Error('This file is the body of a worker thread.');
  port.on('message', (job: Job) => run(job, (answer, moved = []) => port.postMessage(answer, moved)));
  port.postMessage(ready);
}
