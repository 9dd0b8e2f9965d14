import type { LabelSet, ProfileKind } from '@everflame/profile';

/** One profile as it came in, whatever the protocol. */
export interface IncomingProfile {
  readonly labels: LabelSet;
  /** Empty = guess from the sample types. */
  readonly profileName: string;
  /** pprof, gzip or not. */
  readonly pprof: Uint8Array;
  /** Unix ms; 0 = what the profile says, else now. */
  readonly timeMs: number;
  /** 0 = what the profile says. */
  readonly durationMs: number;
  /** Kinds that the pusher states, by sample type. */
  readonly kinds: ReadonlyMap<string, ProfileKind>;
  /** The same for every attempt to push this profile; empty where the pusher has none. */
  readonly idempotencyKey: string;
}

/** What was stored of one sample type. */
export interface AcceptedType {
  /** Profile type id. */
  readonly profileType: string;
  /** Distinct stacks with a value that is not zero. */
  readonly stacks: number;
  readonly total: number;
}
