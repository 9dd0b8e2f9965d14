// Runs the compiled service's thread and prints whether it writes the records that the same code writes here.
import { gzipSync } from 'node:zlib';
import { FlattenPool, ProfileFlattener } from '@everflame/ingest/flatten';
import { pprofOfCollapsed } from '@everflame/profile';

const silent = { error: () => undefined };
const url = new URL(import.meta.resolve('@everflame/ingest/flatten.worker'));
const times = { maxCpuMs: 60_000, maxWaitMs: 600_000 };
const pool = await FlattenPool.start({ url, threads: 1, times }, silent);
const here = new ProfileFlattener();
const pprof = gzipSync(pprofOfCollapsed({ stacks: ['main;work 30', 'main;work;alloc 12'] }));
const nowMs = Date.now();
const job = {
  ...JSON.parse(process.argv[2]),
  kinds: new Map(),
  pprof,
  nowMs,
  timeMs: nowMs,
};
const answers = [];
for (let repeat = 0; repeat < 3; repeat++) {
  const expected = here.flatten(job);
  const answer = await pool.flatten({ ...job, pprof: Buffer.from(pprof) });
  answers.push(Buffer.compare(expected.record, answer.record) === 0 ? answer.accepted : 'another record');
}
const refused = await pool.flatten({ ...job, pprof: pprof.subarray(0, 30) }).catch(({ code }) => code);
await pool.close();
process.stdout.write(JSON.stringify({ answers, refused }));
