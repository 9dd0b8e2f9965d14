export { type AllowedHosts, allowedHostsSchema } from './allowed-hosts.ts';
export { clickhouseConfig, type ClickHouseConfig, clickhouseShape } from './clickhouse-config.ts';
export { DEFAULT_HEADERS } from './client-errors.ts';
export { stopwatch, systemClock, type Clock } from './clock.ts';
export { parseEverflameFile, readEverflameFile } from './config-file.ts';
export {
  flagSchema,
  InvalidConfigError,
  logLevelSchema,
  portSchema,
  positiveIntSchema,
  readEnv,
} from './config.ts';
export { ConnectionPlaces, Place, type PlaceLimits, type PlaceReason } from './connection-places.ts';
export { errorAnswerOf } from './domain-error.filter.ts';
export { gunzipBounded, gzipFast, isGzip } from './gunzip.ts';
export { connectionRefusal, guardHttpConnections, MAX_REFUSALS, REFUSAL_MS } from './http-connections.ts';
export type { ReadinessCheck } from './health.ts';
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
export { runService, startService, type RunningService, type ServiceDefinition } from './service.ts';
export { STATUS_BY_KIND } from './status.ts';
export { validate } from './validate.ts';
