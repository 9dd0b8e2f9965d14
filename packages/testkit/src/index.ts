export { askRaw, type DoorCase, doorCases, outcomeOfCase, type RawAnswer } from './door-cases.ts';
export { FakeClock } from './fake-clock.ts';
export { FaultProxy, type FaultMode } from './fault-proxy.ts';
export { freePort } from './free-port.ts';
export {
  freshDatabase,
  startTestClickHouse,
  type FreshDatabase,
  type TestClickHouse,
} from './test-clickhouse.ts';
export { mutateProfile } from './mutate-profile.ts';
export { naiveTotals } from './naive-totals.ts';
export { SeededRandom } from './random.ts';
export { setClockAhead } from './set-clock.ts';
export { startTestRedis, type TestRedis } from './test-redis.ts';
export { listCorpus, readTestdata } from './testdata.ts';
export { describeWithTool, missingTool, requireTool } from './tools.ts';
export { waitFor, type WaitOptions } from './wait-for.ts';
export { formatCollapsed, toCollapsed } from './collapsed.ts';
export { type CollapsedProfile, encodePprof, pprofOfCollapsed, type PprofWriterInput } from './pprof.ts';
