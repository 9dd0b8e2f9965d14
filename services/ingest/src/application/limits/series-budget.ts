import { type Hash64, hashStrings, LimitExceededError } from '@everflame/profile';
import { dayOf } from '../flatten/timestamps.ts';
import type { LimitsOf } from './limit-settings.ts';
import { keySetsMemory, SharedKeySets } from './shared-key-sets.ts';

/** Pairs of a service and a profile name whose samples have labels. */
const MAX_LABELLED = 16_384;
/** Label sets of all those pairs together. */
const MAX_LABEL_SETS = 1 << 19;

/** What threads share of a series budget; plain values. */
export type SeriesBudgetMemory = Readonly<ReturnType<typeof seriesBudgetMemory>>;

/** `seed` is a random number of 32 bits. */
export function seriesBudgetMemory({ series, sampleLabelSets }: LimitsOf<'series'>, seed: number) {
  return {
    series: keySetsMemory(2 * series, 1024, seed),
    labelSets: keySetsMemory(MAX_LABEL_SETS, MAX_LABELLED, seed),
    maxSeries: series,
    maxLabelSets: sampleLabelSets,
  };
}

/** Whose sample labels are counted together. */
export interface LabelledProfiles {
  readonly tenant: string;
  readonly service: string;
  readonly profileName: string;
}

/**
 * How many series a tenant may have that are active on one day, and how many sets of sample labels a service may have
 * under one profile name. A day is that of the receipt, in UTC. Bounded in memory and shared by all threads.
 */
export class SeriesBudget {
  readonly #series: SharedKeySets;
  readonly #labelSets: SharedKeySets;
  readonly #maxSeries: number;
  readonly #maxLabelSets: number;

  constructor(memory: SeriesBudgetMemory) {
    this.#series = new SharedKeySets(memory.series);
    this.#labelSets = new SharedKeySets(memory.labelSets);
    this.#maxSeries = memory.maxSeries;
    this.#maxLabelSets = memory.maxLabelSets;
  }

  /** Throws `LimitExceededError` (`limit_series`) when a series is new and the tenant has as many as it may. */
  admitSeries(tenant: string, series: Hash64, nowMs: number): void {
    if (this.#series.admit(hashStrings([tenant]), series, this.#maxSeries, dayOf(nowMs))) return;
    const hint = 'Send fewer distinct label values, or raise INGEST_LIMIT_SERIES.';
    throw new LimitExceededError('series', this.#maxSeries, 'one more today', hint);
  }

  /** Whether a set of sample labels may stay; false when it is new and there are as many as there may be. */
  admitLabelSet({ tenant, service, profileName }: LabelledProfiles, labels: Hash64, nowMs: number): boolean {
    const set = hashStrings([tenant, service, profileName]);
    return this.#labelSets.admit(set, labels, this.#maxLabelSets, dayOf(nowMs));
  }
}
