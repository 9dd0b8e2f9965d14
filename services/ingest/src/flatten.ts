/** Flattening without the service around it, for programs that run nothing else. */
export type { FlattenedProfile, FlattenJob } from './application/flatten/flatten-job.ts';
export { ProfileFlattener } from './application/flatten/flatten-profile.ts';
