import { DomainError, LABEL_SERVICE_NAME } from '@everflame/profile';
import type { Clock } from '@everflame/service-kit';
import type { FlattenedProfile, Flattening } from './flatten-job.ts';
import type { AcceptedType, IncomingProfile } from './incoming-profile.ts';
import { Admission } from './limits/admission.ts';
import { CONTENT_WINDOW_MS, type FirstArrivals, KEY_WINDOW_MS } from './first-arrivals.ts';
import type { IngestLimits } from './limits/limit-settings.ts';
import { setRecordTime } from './row-record.ts';
import type { RowSink } from './row-sink.ts';

const DAY_MS = 86_400_000;

export interface ReceiverLimits extends IngestLimits {
  /** Bytes of profiles that may be on their way from the door to the disk. */
  readonly pendingBytes: number;
}

export interface ReceiverOptions {
  readonly limits: ReceiverLimits;
  /** Without it a push that has no time counts as often as it is sent. */
  readonly arrivals?: FirstArrivals;
}

/** Told of every profile that was made durable. */
export interface ReceiverObserver {
  flattened(profile: FlattenedProfile): void;
  /** One was recognised as a repeated push by its key or content. */
  repeated(): void;
}

/** Turns an incoming profile into rows and has them made durable. */
export class ProfileReceiver {
  private readonly flattening: Flattening;
  private readonly sink: RowSink;
  private readonly options: ReceiverOptions;
  private readonly clock: Clock;
  private readonly admission: Admission;
  private readonly observer: ReceiverObserver;
  private pending = 0;

  constructor(
    flattening: Flattening,
    sink: RowSink,
    options: ReceiverOptions,
    clock: Clock,
    observer: ReceiverObserver,
  ) {
    this.flattening = flattening;
    this.sink = sink;
    this.options = options;
    this.clock = clock;
    this.observer = observer;
    this.admission = new Admission(options.limits);
  }

  /** Bytes of profiles on their way from the door to the disk. */
  get pendingBytes(): number {
    return this.pending;
  }

  /**
   * Resolves with what was stored, per sample type, when it is durable; the memory of `incoming.pprof` may be taken
   * away. Throws a `DomainError` that tells the pusher why the profile was refused.
   */
  async receive(incoming: IncomingProfile): Promise<readonly AcceptedType[]> {
    const bytes = incoming.pprof.length;
    this.admit(incoming);
    this.pending += bytes;
    try {
      const nowMs = this.clock.now();
      const flattened = await this.flatten(incoming, nowMs);
      if (flattened.untimed !== undefined) await this.recogniseRepeat(incoming, flattened, nowMs);
      this.pending += flattened.record.length;
      try {
        await this.sink.add(flattened.record, flattened.generation);
      } finally {
        this.pending -= flattened.record.length;
      }
      this.observer.flattened(flattened);
      return flattened.accepted;
    } finally {
      this.pending -= bytes;
    }
  }

  /** Gives a repeated push the time of the first one, under which it takes the place of its rows. */
  private async recogniseRepeat(
    { idempotencyKey }: IncomingProfile,
    { record, untimed }: FlattenedProfile,
    nowMs: number,
  ): Promise<void> {
    const { arrivals } = this.options;
    if (arrivals === undefined || untimed === undefined) return;
    const windowMs = idempotencyKey === '' ? CONTENT_WINDOW_MS : KEY_WINDOW_MS;
    const firstMs = await arrivals.firstOf(untimed, windowMs, nowMs);
    if (firstMs === nowMs) return;
    setRecordTime(record, firstMs);
    this.observer.repeated();
    // The rows that this day was taken to have now go to the one before.
    if (Math.floor(firstMs / DAY_MS) !== Math.floor(nowMs / DAY_MS)) this.sink.renewDictionary();
  }

  /** Whatever can be refused before any work is done on the profile. */
  private admit(incoming: IncomingProfile): void {
    const { pendingBytes } = this.options.limits;
    if (this.pending > 0 && this.pending + incoming.pprof.length > pendingBytes) {
      throw new DomainError('exhausted', 'ingest_overloaded', 'Too many profiles are being received.', {
        hint: 'Send the profile again after the retry delay.',
      });
    }
    const { refusal } = this.sink;
    if (refusal !== undefined) throw refusal;
    const { tenant, labels } = incoming;
    const ofSender = this.sink.refusalOf({ tenant, service: labels.get(LABEL_SERVICE_NAME) ?? '' });
    if (ofSender !== undefined) throw ofSender;
    this.admission.admit(incoming, this.clock.now());
  }

  private flatten(incoming: IncomingProfile, nowMs: number): Promise<FlattenedProfile> {
    const { limits } = this.options;
    // Spelled out: spreading the object takes 3 % of the receiving thread's time.
    return this.flattening.flatten({
      tenant: incoming.tenant,
      profileName: incoming.profileName,
      pprof: incoming.pprof,
      timeMs: incoming.timeMs,
      durationMs: incoming.durationMs,
      kinds: incoming.kinds,
      labels: incoming.labels.entries(),
      nowMs,
      idempotencyKey: incoming.idempotencyKey,
      generation: this.sink.generation,
      limits: {
        decompressedBytes: limits.decompressedBytes,
        samples: limits.samples,
        stacks: limits.stacks,
        depth: limits.depth,
        stringBytes: limits.stringBytes,
      },
    });
  }
}
