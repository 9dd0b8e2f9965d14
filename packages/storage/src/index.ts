export { isRowsRefusal } from './clickhouse-failure.ts';
export { ClickHouse, openClickHouse, type ClickHouseOptions } from './client.ts';
export { deleteProfiles } from './delete/delete-profiles.ts';
export { previewDeletion } from './delete/preview-deletion.ts';
export { deleteDocument, type DocumentTable, listDocuments, saveDocument } from './documents.ts';
export { migrate } from './migrations/migrate.ts';
export { labelNames, labelValues, profileTypes, resolveSeries, type StoredSeries } from './read/discovery.ts';
export { heatmap } from './read/heatmap.ts';
export { labelContributions, type LabelContributions, type SideTotals } from './read/label-contributions.ts';
export { listProfiles, newestProfiles, type LabelledProfile } from './read/list-profiles.ts';
export type { LoadedFrames, LoadedStacks } from './read/stacks/load-stacks.ts';
export { loadFrames, loadStacks, restoreStacks } from './read/stacks/load-stacks.ts';
export { lostStacks, missingStacks, type MissingStacks } from './read/stacks/lost-stacks.ts';
export { mergePair } from './read/merge/merge-pair.ts';
export { mergeStacks } from './read/merge/merge-stacks.ts';
export type { MergedStacks } from './read/merge/merged-stacks.ts';
export { profileStacks, type ProfileKey, type SingleProfile } from './read/stacks/profile-stacks.ts';
export type { ProfileFilter, SeriesFilter, TagCondition } from './read/profile-filter.ts';
export { rangeVersions, type RangeVersion } from './read/range-version.ts';
export { services } from './read/services.ts';
export { emptyGroup, timeline, type Timeline, type TimelineGroup } from './read/timeline.ts';
export {
  DEFAULT_ROLLUP_OPTIONS,
  type RolledUpBuckets,
  runRollups,
  type RollupOptions,
  type RollupRun,
} from './rollup/run-rollups.ts';
export type { EncodedBatch } from './write/profile-batch.ts';
export { encodeBatch, insertEncoded, insertNothing, ProfileBatch } from './write/profile-batch.ts';
export { DEFAULT_RETENTION_DAYS, DEFAULT_ROLLUP_DAYS } from './write/profile-rows.ts';
