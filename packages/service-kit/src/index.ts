export { allowedHostsSchema } from './http/allowed-hosts.ts';
export { clickhouseConfig, clickhouseShape } from './config/clickhouse-config.ts';
export { stopwatch, systemClock, type Clock } from './clock.ts';
export { ConfigFileWatch } from './config/config-file-watch.ts';
export { readEverflameFile } from './config/everflame-file.ts';
export { InvalidConfigError, portSchema, positiveIntSchema, readEnv } from './config/env.ts';
export {
  ConnectionGuard,
  ConnectionPlaces,
  destroyLater,
  MAX_REFUSALS,
  type PlaceLimits,
  type PlaceReason,
} from './http/connection-places.ts';
export { answerFirst } from './http/request-guard.ts';
export { DEFAULT_HEADERS, errorAnswerOf, isFault, sendAnswer, STATUS_BY_KIND } from './http/error-answer.ts';
export { gunzipBounded, gzipFast, isGzip } from './gunzip.ts';
export { connectionRefusal, guardHttpConnections } from './http/http-connections.ts';
export type { ReadinessCheck } from './service/health.ts';
export type { Logger } from './logging.ts';
export { Counter, createMetrics, Gauge, Histogram, type Registry, watchGauge } from './metrics.ts';
export { type Authenticate, Caller, everyoneIs, type Principal, principalOf } from './principal.ts';
export { runService, startService, type RunningService, type ServiceDefinition } from './service/service.ts';
export { requireJson, validate } from './http/validate.ts';
export { FileLock, FileLockedError } from './process/file-lock.ts';
export { Repeating } from './process/repeating.ts';
export { WorkerThread } from './process/worker-thread.ts';
export { VERSION } from './version.ts';
