import { parentPort } from 'node:worker_threads';
import { TreeJobRunner, type TreeOrder } from './application/trees/tree-job.ts';

/** The body of the thread that makes trees: one reply per job, in the order of the jobs. */
const port = parentPort;
if (port === null) throw new Error('This file is the body of a worker thread.');
const runner = new TreeJobRunner();

port.on('message', (order: TreeOrder) => {
  const reply = runner.run(order);
  if (reply === undefined) return;
  port.postMessage(reply, reply.kind === 'made' ? [reply.bytes.buffer] : []);
});
