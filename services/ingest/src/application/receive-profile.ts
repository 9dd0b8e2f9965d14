import {
  DAY_MS,
  DomainError,
  LABEL_SERVICE_NAME,
  LimitExceededError,
  validateLabels,
} from '@everflame/profile';
import type { Clock, Principal } from '@everflame/service-kit';
import type { FlattenedProfile, Flattening, FlattenJob } from './flatten/flatten-job.ts';
import type { AcceptedType, IncomingProfile } from './incoming-profile.ts';
import { CONTENT_WINDOW_MS, type FirstArrivals, KEY_WINDOW_MS } from './first-arrivals.ts';
import { PendingShares } from './limits/pending-shares.ts';
import { RecentBytes } from './limits/recent-bytes.ts';
import type { IngestLimits } from './limits/limit-settings.ts';
import { RateLimits } from './limits/rate-limits.ts';
import { setRecordTime } from './record/row-record.ts';
import type { RowSink } from './record/row-sink.ts';

export interface ReceiverLimits extends IngestLimits {
  /** Bytes of profiles that may be on their way from the network to the disk. */
  readonly pendingBytes: number;
}

/** Told of every profile that was made durable. */
export interface ReceiverObserver {
  flattened(profile: FlattenedProfile): void;
  /** One was recognised as a repeated push by its key or content. */
  repeated(): void;
}

export interface ReceiverOptions {
  readonly flattening: Flattening;
  readonly sink: RowSink;
  readonly limits: ReceiverLimits;
  /** Without it a push that has no time counts as often as it is sent. */
  readonly arrivals?: FirstArrivals;
  readonly clock: Clock;
  readonly observer: ReceiverObserver;
}

/** Turns an incoming profile into rows and has them made durable. */
export class ProfileReceiver {
  readonly #options: ReceiverOptions;
  readonly #rates: RateLimits;
  readonly #pending: PendingShares;
  readonly #recent = new RecentBytes();

  constructor(options: ReceiverOptions) {
    const { limits } = options;
    this.#options = options;
    this.#rates = new RateLimits(limits.rateBytes, limits.burstBytes);
    this.#pending = new PendingShares(limits.pendingBytes);
  }

  /** Bytes of profiles on their way from the network to the disk. */
  get pendingBytes(): number {
    return this.#pending.bytes;
  }

  /**
   * Resolves with what was stored, per sample type, when it is durable; the memory of `incoming.pprof` may be taken
   * away. `client` is where it came from: clients and their services are treated alike when there is too much. Throws a
   * `DomainError` that tells the pusher why the profile was refused.
   */
  async receive(caller: Principal, incoming: IncomingProfile, client = ''): Promise<readonly AcceptedType[]> {
    const { clock, sink, observer } = this.#options;
    const { length: bytes } = incoming.pprof;
    const sender = `${client} ${incoming.labels.get(LABEL_SERVICE_NAME) ?? ''}`;
    this.#admit(caller, incoming, sender);
    this.#pending.add(sender, bytes);
    try {
      const nowMs = clock.now();
      const flattened = await this.#flatten(caller, incoming, nowMs, sender);
      if (flattened.untimed !== undefined) await this.#recogniseRepeat(incoming, flattened, nowMs);
      const recordBytes = flattened.record.length;
      this.#pending.add(sender, recordBytes);
      try {
        await sink.add(flattened.record, flattened.generation);
      } finally {
        this.#pending.add(sender, -recordBytes);
      }
      observer.flattened(flattened);
      return flattened.accepted;
    } finally {
      this.#pending.add(sender, -bytes);
    }
  }

  /** Gives a repeated push the time of the first one, under which it takes the place of its rows. */
  async #recogniseRepeat(
    { idempotencyKey }: IncomingProfile,
    { record, untimed }: FlattenedProfile,
    nowMs: number,
  ): Promise<void> {
    const { arrivals, sink, observer } = this.#options;
    if (arrivals === undefined || untimed === undefined) return;
    const windowMs = idempotencyKey === '' ? CONTENT_WINDOW_MS : KEY_WINDOW_MS;
    const firstMs = await arrivals.firstOf(untimed, windowMs, nowMs);
    if (firstMs === undefined) return;
    setRecordTime(record, firstMs);
    observer.repeated();
    // The rows that this day was taken to have now go to the one before.
    if (Math.floor(firstMs / DAY_MS) !== Math.floor(nowMs / DAY_MS)) sink.renewDictionary();
  }

  /** Throws whatever can be refused before any work is done on the profile. */
  #admit({ tenant }: Principal, incoming: IncomingProfile, sender: string): void {
    const { sink } = this.#options;
    const { labels, pprof } = incoming;
    if (!this.#pending.hasRoom(sender, pprof.length)) {
      throw new DomainError('exhausted', 'ingest_overloaded', 'Too many profiles are being received.', {
        hint: 'Send the profile again after the retry delay.',
      });
    }
    const { refusal } = sink;
    if (refusal !== undefined) throw refusal;
    const ofSender = sink.refusalOf({ tenant, service: labels.get(LABEL_SERVICE_NAME) ?? '' });
    if (ofSender !== undefined) throw ofSender;
    // Not the clock of the machine: a jump of it must neither give bytes away nor hold them back.
    const nowMs = performance.now();
    const sendsMost = this.#recent.isAboveMean(sender, nowMs);
    const scarcity = sendsMost ? sink.scarcity : undefined;
    if (scarcity !== undefined) throw scarcity;
    this.#checkLimits(incoming);
    this.#rates.admit(tenant, pprof.length, nowMs, sendsMost);
    this.#recent.add(sender, pprof.length, nowMs);
  }

  #checkLimits({ labels, pprof }: IncomingProfile): void {
    const { limits } = this.#options;
    if (pprof.length > limits.compressedBytes) {
      throw new LimitExceededError('compressed_bytes', limits.compressedBytes, pprof.length);
    }
    validateLabels(labels, {
      maxLabels: limits.labels,
      maxNameLength: limits.labelNameLength,
      maxValueLength: limits.labelValueLength,
    });
  }

  #flatten(
    { tenant }: Principal,
    incoming: IncomingProfile,
    nowMs: number,
    sender: string,
  ): Promise<FlattenedProfile> {
    const { flattening, sink } = this.#options;
    // Spelled out: spreading the object takes 3 % of the receiving thread's time.
    const job: FlattenJob = {
      tenant,
      profileName: incoming.profileName,
      pprof: incoming.pprof,
      timeMs: incoming.timeMs,
      durationMs: incoming.durationMs,
      kinds: incoming.kinds,
      labels: incoming.labels.entries(),
      nowMs,
      idempotencyKey: incoming.idempotencyKey,
      generation: sink.generation,
    };
    return flattening.flatten(job, sender);
  }
}
