export { ClickHouse, openClickHouse, type ClickHouseOptions } from './client.ts';
export {
  deleteAlert,
  deleteRule,
  listAlerts,
  listRules,
  saveAlert,
  saveRule,
  type StoredDocument,
} from './documents.ts';
export { migrate } from './migrations/migrate.ts';
export type { MigrationOptions } from './migrations/migration.ts';
export {
  labelNames,
  labelValues,
  profileTypes,
  resolveSeries,
  type Limited,
  type StoredProfileType,
  type StoredSeries,
} from './read/discovery.ts';
export { listProfiles, type StoredProfile } from './read/list-profiles.ts';
export { loadFrames, type FrameLookup, type LoadedFrames } from './read/load-frames.ts';
export { loadStacks, type LoadedStacks, type StackLookup } from './read/load-stacks.ts';
export { mergeStacks, type MergedStacks, type MergeOptions } from './read/merge-stacks.ts';
export type { ProfileFilter, SeriesFilter } from './read/profile-filter.ts';
export { services, type ServiceSummary, type ServiceType, type ServiceVersion } from './read/services.ts';
export {
  MAX_TIMELINE_BUCKETS,
  timeline,
  type Timeline,
  type TimelineGroup,
  type TimelineOptions,
} from './read/timeline.ts';
export { rollupHour, type HourRollup } from './rollup.ts';
export type { FrameRow, SeriesRow, StackRow } from './write/dictionary-rows.ts';
export { encodeBatch, insertBatch, insertEncoded, type EncodedBatch } from './write/insert-batch.ts';
export { insertNothing, isRowsRefusal } from './write/refused-rows.ts';
export { ProfileBatch } from './write/profile-batch.ts';
export { DEFAULT_RETENTION_DAYS, MAX_RETENTION_DAYS, type ProfileRow } from './write/profile-rows.ts';
