import {
  fingerprintOf,
  type FlatGroup,
  type FlatProfile,
  foldGroups,
  guessProfileName,
  hashStrings,
  LABEL_SERVICE_NAME,
  LabelSet,
} from '@everflame/profile';
import type { FlattenJob } from '../flatten/flatten-job.ts';
import type { SeriesBudget } from './series-budget.ts';

export interface AdmittedProfile {
  readonly flat: FlatProfile;
  /** Sets of sample labels that were summed into the series without them. */
  readonly foldedLabelSets: number;
}

/**
 * The profile with the sample labels that its service may have today; others are summed into the series without them.
 * Throws `LimitExceededError` (`limit_series`) when the tenant has as many series as it may.
 */
export function admitSeries(flat: FlatProfile, job: FlattenJob, budget: SeriesBudget): AdmittedProfile {
  const { tenant, nowMs } = job;
  const profileName = job.profileName || guessProfileName(flat.sampleTypes, flat.periodType.type);
  const own = LabelSet.fromEntries(job.labels);
  const service = own.get(LABEL_SERVICE_NAME) ?? '';
  let foldedLabelSets = flat.foldedLabelSets;
  const mayStay = ({ labels }: FlatGroup): boolean => {
    const key = hashStrings(labels.flat());
    const isAdmitted = budget.admitLabelSet({ tenant, service, profileName }, key, nowMs);
    if (!isAdmitted) foldedLabelSets++;
    return isAdmitted;
  };
  const isLabelled = flat.groups.some(({ labels }) => labels.length > 0);
  const groups = isLabelled ? foldGroups(flat.groups, mayStay) : flat.groups;
  for (const { labels } of groups) {
    const all = labels.length === 0 ? own : LabelSet.fromEntries(labels).with(own);
    const fingerprint = fingerprintOf(tenant, all);
    for (const { type, unit } of flat.sampleTypes) {
      budget.admitSeries(tenant, hashStrings([profileName, type, unit], fingerprint), nowMs);
    }
  }
  return { flat: groups === flat.groups ? flat : { ...flat, groups }, foldedLabelSets };
}
