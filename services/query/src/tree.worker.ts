import { serveJobs } from '@everflame/service-kit/worker-body';
import { TreeJobRunner, type TreeOrder, type TreeReply } from './application/trees/tree-job.ts';

/** The body of the thread that makes trees: one reply per job. */
const runner = new TreeJobRunner();

serveJobs<TreeOrder, TreeReply>((order, send) => {
  const reply = runner.run(order);
  if (reply !== undefined) send(reply, reply.kind === 'made' && reply.bytes ? [reply.bytes.buffer] : []);
});
