import { parentPort, workerData } from 'node:worker_threads';
import { ownTaskId } from './adapters/thread-cpu.ts';
import {
  answerOfError,
  type FlattenAnswer,
  type FlattenJob,
  type FlattenSettings,
} from './application/flatten/flatten-job.ts';
import { ProfileFlattener } from './application/flatten/flatten-profile.ts';

/** The body of a thread: one answer per job, in the order of the jobs. */
const port = parentPort;
if (port === null) throw new Error('This file is the body of a worker thread.');
/** What `FlattenThread` starts it with. */
const settings = workerData as FlattenSettings;
const flattener = new ProfileFlattener(settings);

port.on('message', (job: FlattenJob) => {
  try {
    const profile = flattener.flatten(job);
    const answer: FlattenAnswer = { kind: 'flattened', profile };
    port.postMessage(answer, [profile.record.buffer]);
  } catch (error) {
    port.postMessage(answerOfError(error));
  }
});

const ready: FlattenAnswer = { kind: 'ready', taskId: ownTaskId() };
port.postMessage(ready);
