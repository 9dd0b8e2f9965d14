import {
  type Hash64,
  labelPredicate,
  type LabelPredicate,
  type LabelSet,
  parseSelector,
} from '@everflame/profile';

/** How long something is kept, in days. */
export interface RetentionClass {
  readonly days: number;
  /** Never less than `days`. */
  readonly rollupDays: number;
}

/** Plain values, so that they can be handed to threads. */
export interface RetentionRule extends RetentionClass {
  /** Matchers in braces. */
  readonly match: string;
}

export interface RetentionRules {
  /** The first that matches counts. */
  readonly rules: readonly RetentionRule[];
  /** For what no rule matches. */
  readonly fallback: RetentionClass;
}

export const DEFAULT_RETENTION: RetentionRules = { rules: [], fallback: { days: 14, rollupDays: 400 } };

/** Classes of series that are remembered; beyond it all are found anew. */
const MAX_REMEMBERED = 1 << 16;

/** Finds the class of a series, by its labels alone, so that it is the same whichever way the series comes in. */
export class RetentionPolicy {
  #rules: readonly { readonly isMatch: LabelPredicate; readonly class: RetentionClass }[] = [];
  #fallback = DEFAULT_RETENTION.fallback;
  #longestDays = 0;
  readonly #remembered = new Map<string, RetentionClass>();

  /** Throws for a `match` that cannot be read. */
  constructor(rules: RetentionRules) {
    this.use(rules);
  }

  /** Of all classes. */
  get longestDays(): number {
    return this.#longestDays;
  }

  get fallback(): RetentionClass {
    return this.#fallback;
  }

  /** Makes these the rules. Throws for a `match` that cannot be read. */
  use({ rules, fallback }: RetentionRules): void {
    this.#rules = rules.map((rule) => ({
      isMatch: labelPredicate(parseSelector(rule.match).matchers),
      class: rule,
    }));
    this.#fallback = fallback;
    this.#longestDays = Math.max(fallback.days, ...rules.map((rule) => rule.days));
    this.#remembered.clear();
  }

  /** `fingerprint` is that of `labels`. */
  classOf(fingerprint: Hash64, labels: LabelSet): RetentionClass {
    if (this.#rules.length === 0) return this.#fallback;
    const key = `${fingerprint.hi} ${fingerprint.lo}`;
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined) return remembered;
    const found = this.#rules.find((rule) => rule.isMatch(labels))?.class ?? this.#fallback;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, found);
    return found;
  }
}
