import {
  fingerprintOf,
  type FlatGroup,
  type FlatProfile,
  mergeGroups,
  guessProfileName,
  type Hash64,
  hashStrings,
  LABEL_SERVICE_NAME,
  LabelSet,
} from '@everflame/profile';
import type { SeriesBudget } from '../limits/series-budget.ts';
import type { FlattenJob } from './flatten-job.ts';
import { dayOf } from './timestamps.ts';

/** The profile that is worked on. */
export type CurrentProfile = Readonly<ReturnType<typeof currentProfile>>;

/** One label set of a profile; each sample type makes a series of it. */
export interface LabelledGroup {
  readonly group: FlatGroup;
  readonly labels: LabelSet;
  readonly fingerprint: Hash64;
}

/** The series that a profile adds to. */
export type SeriesOfProfile = Readonly<ReturnType<typeof seriesOfProfile>>;

/** The profile of a job, which is stored under `timeMs`; `isTimed` where that is when it was taken, and not received. */
export function currentProfile(job: FlattenJob, timeMs: number, isTimed: boolean) {
  const labels = LabelSet.fromEntries(job.labels);
  const service = labels.get(LABEL_SERVICE_NAME) ?? '';
  // Dictionary rows of a frame count for its tenant and day, those of a stack for its service as well: they live in weekly
  // and monthly partitions and are dropped with them, so each day writes its own.
  const frameOwner = hashStrings([job.tenant], { lo: dayOf(timeMs), hi: 0 });
  const stackOwner = hashStrings([service], frameOwner);
  return { job, timeMs, isTimed, labels, service, frameOwner, stackOwner };
}

/**
 * Names the series of a profile, with the sample labels that its service may have today; others are summed into the
 * series without them. Throws `LimitExceededError` (`limit_series`) when the tenant has as many series as it may.
 */
export function seriesOfProfile(
  flat: FlatProfile,
  current: CurrentProfile,
  budget: SeriesBudget | undefined,
) {
  const { job, labels: own, service } = current;
  const { tenant, nowMs } = job;
  const profileName = job.profileName || guessProfileName(flat.sampleTypes, flat.periodType.type);
  let { mergedLabelSets } = flat;
  const mayStay = ({ labels }: FlatGroup): boolean => {
    const key = hashStrings(labels.flat());
    const isAdmitted = budget?.admitLabelSet({ tenant, service, profileName }, key, nowMs) ?? true;
    if (!isAdmitted) mergedLabelSets++;
    return isAdmitted;
  };
  const isLabelled = budget !== undefined && flat.groups.some(({ labels }) => labels.length > 0);
  const admitted = isLabelled ? mergeGroups(flat.groups, mayStay) : flat.groups;
  const groups = admitted.map((group): LabelledGroup => {
    // Labels of the pusher win over labels on samples: they identify the target.
    const labels = group.labels.length === 0 ? own : LabelSet.fromEntries(group.labels).with(own);
    const fingerprint = fingerprintOf(tenant, labels);
    for (const { type, unit } of flat.sampleTypes) {
      budget?.admitSeries(tenant, hashStrings([profileName, type, unit], fingerprint), nowMs);
    }
    return { group, labels, fingerprint };
  });
  return { profileName, groups, mergedLabelSets };
}
