/** What benchmarks run of this service. */
export { FlattenPool } from './adapters/flatten-pool.ts';
export type { FlattenedProfile, FlattenJob } from './application/flatten/flatten-job.ts';
export { ProfileFlattener } from './application/flatten/flatten-profile.ts';
export { appendRowRecord } from './application/record/row-record.ts';
