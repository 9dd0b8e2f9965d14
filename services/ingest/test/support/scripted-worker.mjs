// A thread that does what the name of a profile says, for testing the pool.
import { readlinkSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

const port = parentPort;
const SHARED = new Int32Array(1);
const LOCK = new Int32Array(new SharedArrayBuffer(4));
const ON_LINUX = process.platform === 'linux';

port.on('message', (job) => {
  const { profileName, pprof } = job;
  if (profileName === 'exit') process.exit(3);
  if (profileName === 'throw') throw new TypeError('a bug');
  if (profileName === 'hang') for (;;) SHARED[0] += 1;
  if (profileName === 'wait') Atomics.wait(LOCK, 0, 0);
  if (profileName === 'exhaust') for (const hoard = []; ;) hoard.push(Array.from({ length: 4_000_000 }));
  if (profileName === 'refuse') {
    port.postMessage({
      kind: 'refused',
      error: { kind: 'invalid', code: 'malformed_profile', message: 'no', hint: 'yes' },
    });
    return;
  }
  // The bytes of the profile are the record, so that a test sees whether they arrived.
  const record = new Uint8Array(pprof);
  const profile = { record, generation: job.generation, accepted: [] };
  port.postMessage({ kind: 'flattened', profile }, [record.buffer]);
});
const taskId = ON_LINUX ? Number(readlinkSync('/proc/thread-self').split('/').at(-1)) : undefined;
port.postMessage({ kind: 'ready', taskId });
