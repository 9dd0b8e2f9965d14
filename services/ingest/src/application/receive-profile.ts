import {
  type FlatProfile,
  guessProfileName,
  LimitExceededError,
  PprofDecoder,
  saltOf,
  StackFlattener,
  validateLabels,
} from '@everflame/profile';
import { type Clock, gunzipBounded } from '@everflame/service-kit';
import type { BatchWriter } from './batch-writer.ts';
import type { AcceptedType, IncomingProfile } from './incoming-profile.ts';
import { RowAppender } from './row-appender.ts';
import { effectiveTime } from './timestamps.ts';

export interface ReceiverLimits {
  readonly compressedBytes: number;
  readonly decompressedBytes: number;
  readonly samples: number;
  readonly depth: number;
}

export interface ReceiverOptions {
  readonly limits: ReceiverLimits;
  readonly retentionDays: number;
}

/** Turns an incoming profile into rows and has them stored. */
export class ProfileReceiver {
  private readonly decoder = new PprofDecoder();
  private readonly flattener = new StackFlattener();
  private readonly writer: BatchWriter;
  private readonly appender: RowAppender;
  private readonly options: ReceiverOptions;
  private readonly clock: Clock;

  constructor(writer: BatchWriter, appender: RowAppender, options: ReceiverOptions, clock: Clock) {
    this.writer = writer;
    this.appender = appender;
    this.options = options;
    this.clock = clock;
  }

  /**
   * Resolves with what was stored, per sample type, when it is durable.
   * Throws a `DomainError` that tells the pusher why the profile was refused.
   */
  async receive(incoming: IncomingProfile): Promise<readonly AcceptedType[]> {
    const { limits } = this.options;
    validateLabels(incoming.labels);
    if (incoming.pprof.length > limits.compressedBytes) {
      throw new LimitExceededError('compressed_bytes', limits.compressedBytes, incoming.pprof.length);
    }
    const flat = this.flatten(incoming);
    const profileName = incoming.profileName || guessProfileName(flat.sampleTypes, flat.periodType.type);
    const timeMs = effectiveTime(incoming.timeMs, flat.timeMs, this.clock.now(), this.options.retentionDays);
    let accepted: readonly AcceptedType[] = [];
    await this.writer.add((rows) => {
      accepted = this.appender.append(rows, { incoming, flat, profileName, timeMs });
    });
    return accepted;
  }

  private flatten(incoming: IncomingProfile): FlatProfile {
    const { limits } = this.options;
    const columns = this.decoder.decode(gunzipBounded(incoming.pprof, limits.decompressedBytes));
    return this.flattener.flatten(columns, {
      salt: saltOf(incoming.tenant),
      limits: { maxSamples: limits.samples, maxDepth: limits.depth },
    });
  }
}
