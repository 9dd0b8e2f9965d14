export { type AllowedHosts, allowedHostsSchema } from './http/allowed-hosts.ts';
export { clickhouseConfig, type ClickHouseConfig, clickhouseShape } from './config/clickhouse-config.ts';
export { DEFAULT_HEADERS } from './http/client-errors.ts';
export { stopwatch, systemClock, type Clock } from './clock.ts';
export { ConfigFileWatch } from './config/config-file-watch.ts';
export { parseEverflameFile, readEverflameFile } from './config/everflame-file.ts';
export {
  flagSchema,
  InvalidConfigError,
  logLevelSchema,
  portSchema,
  positiveIntSchema,
  readEnv,
} from './config/env.ts';
export { ConnectionPlaces, Place, type PlaceLimits, type PlaceReason } from './http/connection-places.ts';
export { answerFirst } from './http/request-guard.ts';
export { errorAnswerOf } from './http/domain-error.filter.ts';
export { gunzipBounded, gzipFast, isGzip } from './gunzip.ts';
export {
  connectionRefusal,
  guardHttpConnections,
  MAX_REFUSALS,
  REFUSAL_MS,
} from './http/http-connections.ts';
export type { ReadinessCheck } from './service/health.ts';
export { createLogger, type Logger } from './logging.ts';
export { Counter, createMetrics, Gauge, Histogram, type Registry } from './metrics.ts';
export {
  type Authenticate,
  Caller,
  type Credentials,
  everyoneIs,
  type Principal,
  principalOf,
} from './principal.ts';
export { runService, startService, type RunningService, type ServiceDefinition } from './service/service.ts';
export { STATUS_BY_KIND } from './http/status.ts';
export { requireJson, validate } from './http/validate.ts';
export { FileLock, FileLockedError } from './process/file-lock.ts';
export { WorkerThread, type WorkerThreadOptions } from './process/worker-thread.ts';
export { VERSION, type Version } from './version.ts';
