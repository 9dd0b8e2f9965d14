import { DomainError, type Hash64 } from '@everflame/profile';
import type { AcceptedType, IncomingProfile } from '../incoming-profile.ts';
import type { LimitsOf } from '../limits/limit-settings.ts';
import type { SeriesBudgetMemory } from '../limits/series-budget.ts';
import type { RetentionRules } from '../retention.ts';

/** What flattening needs to know of one profile; plain values, which can be sent to a thread. */
export interface FlattenJob extends Omit<IncomingProfile, 'labels'> {
  readonly tenant: string;
  /** Sorted by name, each name once. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** pprof, gzip or not. Whoever flattens may take its memory away. */
  readonly pprof: Uint8Array;
  /** Unix ms of the receipt. */
  readonly nowMs: number;
  /** `RowSink.generation`: dictionary rows written in an older one count as lost. */
  readonly generation: number;
}

/** What a thread is told: a profile to flatten, or the retention from now on, which has no answer. */
export type FlattenMessage = FlattenJob | RetentionRules;

/** What is the same for all profiles; plain values, which a thread is started with. */
export interface FlattenSettings {
  /** The defaults where absent. */
  readonly limits?: LimitsOf<'flatten'>;
  /** Any number of series is taken where absent. */
  readonly budget?: SeriesBudgetMemory;
  /** `DEFAULT_RETENTION` where absent. */
  readonly retention?: RetentionRules;
}

export interface FlattenedProfile {
  /** Every row of the profile; owns its memory. */
  readonly record: Uint8Array<ArrayBuffer>;
  /** The generation of the job. */
  readonly generation: number;
  readonly accepted: readonly AcceptedType[];
  /**
   * Set where nobody says when the profile was taken, so that its record has the time of the receipt: the same for a
   * repeated push and no other.
   */
  readonly untimed?: Hash64 | undefined;
  /** Sets of sample labels that were summed into the series without them. */
  readonly mergedLabelSets: number;
  /** Stacks whose leaf side was cut. */
  readonly cutStacks: number;
}

/** Turns profiles into records of rows, in threads or where it is called. Port. */
export abstract class Flattening {
  /**
   * Throws the `DomainError` for which the profile is refused, or `FlattenFailedError` when flattening it fails for a
   * reason that is not the pusher's. Where jobs have to wait, senders are served in turn.
   */
  abstract flatten(job: FlattenJob, sender?: string): Promise<FlattenedProfile>;
}

/** Flattening broke: a bug, or the thread ran out of memory. The same profile would break it again. */
export class FlattenFailedError extends Error {
  constructor(cause: unknown) {
    super('Flattening a profile failed.', { cause });
    this.name = 'FlattenFailedError';
  }
}

/** What a thread says when it takes jobs. */
export interface ThreadReady {
  /** What the operating system knows it by, where it says. */
  readonly taskId: number | undefined;
}

/** What a thread answers to a job. */
export type FlattenAnswer =
  | { readonly kind: 'flattened'; readonly profile: FlattenedProfile }
  | { readonly kind: 'refused'; readonly error: Pick<DomainError, 'kind' | 'code' | 'message' | 'hint'> }
  | { readonly kind: 'failed'; readonly stack: string };

/** The answer that stands for what was thrown. */
export function answerOfError(error: unknown): FlattenAnswer {
  if (error instanceof DomainError) {
    const { kind, code, message, hint } = error;
    return { kind: 'refused', error: { kind, code, message, hint } };
  }
  return { kind: 'failed', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** The profile of an answer; throws what the answer stands for. */
export function profileOfAnswer(answer: FlattenAnswer): FlattenedProfile {
  if (answer.kind === 'flattened') return answer.profile;
  if (answer.kind === 'refused') {
    const { kind, code, message, hint } = answer.error;
    throw new DomainError(kind, code, message, { hint });
  }
  throw new FlattenFailedError(answer.stack);
}
