export { ClickHouse, openClickHouse, type ClickHouseOptions } from './client.ts';
export { deleteProfiles, type DeletionOptions } from './delete/delete-profiles.ts';
export { type DeletionPreview, previewDeletion } from './delete/preview-deletion.ts';
export {
  deleteDocument,
  type DocumentTable,
  listDocuments,
  saveDocument,
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
export { heatmap, MAX_HEATMAP_CELLS, type Heatmap, type HeatmapOptions } from './read/heatmap.ts';
export {
  labelContributions,
  type ContributionLimits,
  type LabelContribution,
  type LabelContributions,
  type LabelValueContribution,
  type Sides,
} from './read/label-contributions.ts';
export {
  listProfiles,
  newestProfiles,
  type LabelledProfile,
  type StoredProfile,
} from './read/list-profiles.ts';
export { loadFrames, type FrameLookup, type LoadedFrames } from './read/stacks/load-frames.ts';
export { loadStacks, type LoadedStacks, type StackLookup } from './read/stacks/load-stacks.ts';
export {
  lostStacks,
  missingStacks,
  type LostLevel,
  type LostStacks,
  type MissingStacks,
} from './read/stacks/lost-stacks.ts';
export { mergePair, type MergedPair } from './read/merge/merge-pair.ts';
export { mergeStacks, type MergedStacks, type MergeOptions } from './read/merge/merge-stacks.ts';
export { profileStacks, type ProfileKey, type SingleProfile } from './read/stacks/profile-stacks.ts';
export type { ProfileFilter, SeriesFilter, TagCondition } from './read/profile-filter.ts';
export { rangeVersions, type RangeVersion } from './read/range-version.ts';
export { services, type ServiceSummary, type ServiceType, type ServiceVersion } from './read/services.ts';
export {
  MAX_TIMELINE_BUCKETS,
  timeline,
  type Timeline,
  type TimelineGroup,
  type TimelineOptions,
} from './read/timeline.ts';
export {
  DEFAULT_ROLLUP_OPTIONS,
  runRollups,
  type RollupOptions,
  type RollupRun,
} from './rollup/run-rollups.ts';
export type { FrameRow, SeriesRow, StackRow } from './write/dictionary-rows.ts';
export { encodeBatch, insertBatch, insertEncoded, type EncodedBatch } from './write/insert-batch.ts';
export { insertNothing, isRowsRefusal } from './write/refused-rows.ts';
export { ProfileBatch } from './write/profile-batch.ts';
export { restoreStacks, type Restored } from './write/restore-stacks.ts';
export { DEFAULT_RETENTION_DAYS, DEFAULT_ROLLUP_DAYS, type ProfileRow } from './write/profile-rows.ts';
