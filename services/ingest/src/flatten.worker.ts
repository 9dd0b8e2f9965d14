import { workerData } from 'node:worker_threads';
import { serveJobs } from '@everflame/service-kit/worker-body';
import { ownTaskId } from './adapters/thread-cpu.ts';
import {
  answerOfError,
  type FlattenAnswer,
  type FlattenMessage,
  type FlattenSettings,
  type ThreadReady,
} from './application/flatten/flatten-job.ts';
import { ProfileFlattener } from './application/flatten/flatten-profile.ts';

/** What `FlattenThread` starts it with. */
const flattener = new ProfileFlattener(workerData as FlattenSettings);
const ready: ThreadReady = { taskId: ownTaskId() };

serveJobs<FlattenMessage, FlattenAnswer>((job, send) => {
  if ('rules' in job) {
    flattener.useRetention(job);
    return;
  }
  try {
    const profile = flattener.flatten(job);
    send({ kind: 'flattened', profile }, [profile.record.buffer]);
  } catch (error) {
    send(answerOfError(error));
  }
}, ready);
