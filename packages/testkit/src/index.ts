export { askRaw, type DoorCase, doorCases, outcomeOfCase, type RawAnswer } from './net/door-cases.ts';
export { FakeClock } from './time/fake-clock.ts';
export { FaultProxy, type FaultMode } from './net/fault-proxy.ts';
export { freePort } from './net/free-port.ts';
export {
  freshDatabase,
  startTestClickHouse,
  type FreshDatabase,
  type TestClickHouse,
} from './stores/test-clickhouse.ts';
export { mutateProfile } from './profiles/mutate-profile.ts';
export { naiveTotals } from './profiles/naive-totals.ts';
export { SeededRandom } from './profiles/random.ts';
export { setClockAhead } from './time/set-clock.ts';
export { startTestRedis, type TestRedis } from './stores/test-redis.ts';
export { listCorpus, readTestdata } from './profiles/testdata.ts';
export { describeWithTool, missingTool, requireTool } from './stores/tools.ts';
export { waitFor, type WaitOptions } from './time/wait-for.ts';
export { formatCollapsed, toCollapsed } from './profiles/collapsed.ts';
export {
  type CollapsedProfile,
  encodePprof,
  pprofOfCollapsed,
  type PprofWriterInput,
} from './profiles/pprof.ts';
export { answerSchema } from './service/answer-schema.ts';
export { buildCallTree } from './profiles/build-call-tree.ts';
export { insertBatch } from './stores/insert-batch.ts';
export { quietLogger } from './service/quiet-logger.ts';
export { StackSetBuilder } from './profiles/stack-set-builder.ts';
export {
  addFrameRow,
  addProfileRow,
  addStackRow,
  type FrameRow,
  type ProfileRow,
} from './stores/add-rows.ts';
