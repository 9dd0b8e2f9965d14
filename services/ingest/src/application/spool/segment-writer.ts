import { DomainError, UnavailableError } from '@everflame/profile';
import type { Clock, Logger } from '@everflame/service-kit';
import { DictionaryLostError, type Generation } from './generation.ts';
import { newSegmentName, parseSegmentName, type SealedSegment } from './segment.ts';
import { encodeRecords, encodeSegmentHeader, framedBytes, SEGMENT_HEADER_BYTES } from './segment-format.ts';
import type { SegmentRecord } from './segment-format.ts';
import type { AppendFile, SpoolFiles } from './spool-files.ts';
import type { SpoolObserver } from './spool-metrics.ts';

const PROBE_MS = 500;
const PROBE_NAME = 'probe.tmp';

export interface SegmentWriterOptions {
  /** A segment that has as many is sealed. */
  readonly segmentBytes: number;
  /** A segment whose first record is that old is due to be sealed. */
  readonly segmentAgeMs: number;
  /** Bytes of records that may wait for the disk. */
  readonly maxQueuedBytes: number;
}

export interface SegmentWriterParts {
  readonly files: SpoolFiles;
  readonly options: SegmentWriterOptions;
  readonly generation: Generation;
  readonly observer: SpoolObserver;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly onSealed: (segment: SealedSegment) => void;
  /** Called when the open segment is due; `sealIfDue` seals it. */
  readonly onDue: () => void;
}

/** The disk does not take records at present. */
class SpoolWriteError extends UnavailableError {
  constructor(cause: unknown) {
    super('spool_write_failed', `The spool cannot be written: ${messageOf(cause)}`, {
      hint: 'Send the profile again; the disk of the ingest service needs attention.',
      cause,
    });
  }
}

interface QueuedRecord {
  readonly payload: Uint8Array;
  readonly generation: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface OpenSegment {
  readonly name: string;
  readonly file: AppendFile;
  readonly records: SegmentRecord[];
  readonly createdMs: number;
  /** Up to here everything is durable. */
  bytes: number;
  isDue: boolean;
}

/**
 * Writes records to segments, all that arrived meanwhile with one write and one sync. What fails to become durable is
 * taken back and refused, and nothing is ever written behind it in the same file.
 */
export class SegmentWriter {
  #open: OpenSegment | undefined;
  #queue: QueuedRecord[] = [];
  #queuedBytes = 0;
  #sequence: number;
  #running: Promise<void> | undefined;
  #failure: unknown;
  #ageTimer: NodeJS.Timeout | undefined;
  #probeTimer: NodeJS.Timeout | undefined;
  #isWriting = false;
  #isClosed = false;
  readonly #parts: SegmentWriterParts;

  /** `sequence` is the highest that is taken. */
  constructor(parts: SegmentWriterParts, sequence: number) {
    this.#parts = parts;
    this.#sequence = sequence;
  }

  /** Bytes of the open segment and of records on their way to it. */
  get bytes(): number {
    return (this.#open?.bytes ?? 0) + this.#queuedBytes;
  }

  /** What headers of segments may add when one more record is written. */
  get headerBytes(): number {
    return (1 + Math.ceil(this.#queuedBytes / this.#parts.options.segmentBytes)) * SEGMENT_HEADER_BYTES;
  }

  /** Unix ms of the first record of the open segment. */
  get createdMs(): number | undefined {
    return this.#open?.createdMs;
  }

  /** Why the last write failed; empty once the disk takes writes again. */
  get failure(): string {
    return this.#failure === undefined ? '' : messageOf(this.#failure);
  }

  /** What every record is refused with at present. */
  get refusal(): DomainError | undefined {
    if (this.#isClosed) return new UnavailableError('shutting_down', 'The ingest service is stopping.');
    return this.#failure === undefined ? undefined : new SpoolWriteError(this.#failure);
  }

  /** Resolves when the record is durable. */
  add(payload: Uint8Array, generation: number): Promise<void> {
    const { generation: current } = this.#parts;
    const refusal = this.#refusalOf(payload, generation);
    if (refusal !== undefined) {
      current.lose(generation);
      return Promise.reject(refusal);
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ payload, generation, resolve, reject });
      this.#queuedBytes += framedBytes(payload);
      this.#run();
    });
  }

  /** Seals the open segment if it is due. While it is being written to nothing happens; `onDue` is called after that. */
  sealIfDue(): void {
    if (this.#open?.isDue === true && !this.#isWriting) this.#seal();
  }

  /** Takes no more records, waits for those that it took, and seals the open segment. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#probeTimer);
    while (this.#running !== undefined) await this.#running;
    this.#seal();
  }

  #refusalOf(payload: Uint8Array, generation: number): DomainError | undefined {
    const { options, generation: current } = this.#parts;
    if (this.refusal !== undefined) return this.refusal;
    if (current.isLost(generation)) return new DictionaryLostError();
    if (this.#queuedBytes === 0 || this.#queuedBytes + payload.length <= options.maxQueuedBytes)
      return undefined;
    return new DomainError('exhausted', 'ingest_overloaded', 'Too many profiles wait for the disk.', {
      hint: 'Send the profile again after the retry delay.',
    });
  }

  #run(): void {
    this.#running ??= this.#writeQueue().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#run();
    });
  }

  async #writeQueue(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      this.#isWriting = true;
      if (group.length > 0) await this.#write(group);
      this.#isWriting = false;
      if (this.#open !== undefined && this.#open.bytes >= this.#parts.options.segmentBytes) this.#seal();
      else if (this.#open?.isDue === true) this.#parts.onDue();
    }
  }

  /** As many records as the segment has room for, at least one; those that may rely on a lost one are refused. */
  #takeGroup(): QueuedRecord[] {
    const room = this.#parts.options.segmentBytes - (this.#open?.bytes ?? SEGMENT_HEADER_BYTES);
    const group: QueuedRecord[] = [];
    let bytes = 0;
    let taken = 0;
    for (const record of this.#queue) {
      if (group.length > 0 && bytes + framedBytes(record.payload) > room) break;
      taken += 1;
      if (this.#parts.generation.isLost(record.generation)) {
        this.#queuedBytes -= framedBytes(record.payload);
        record.reject(new DictionaryLostError());
      } else {
        group.push(record);
        bytes += framedBytes(record.payload);
      }
    }
    this.#queue = this.#queue.slice(taken);
    return group;
  }

  async #write(group: readonly QueuedRecord[]): Promise<void> {
    const { observer } = this.#parts;
    const payloads = group.map(({ payload }) => payload);
    const groupBytes = payloads.reduce((bytes, payload) => bytes + framedBytes(payload), 0);
    try {
      const segment = this.#open ?? (await this.#openSegment());
      const { block, records } = encodeRecords(payloads, segment.bytes);
      await segment.file.write(block, segment.bytes);
      const start = performance.now();
      await segment.file.sync();
      observer.synced((performance.now() - start) / 1000, group.length);
      segment.bytes += block.length;
      for (const record of records) segment.records.push(record);
      this.#queuedBytes -= groupBytes;
      for (const record of group) record.resolve();
    } catch (error) {
      this.#queuedBytes -= groupBytes;
      await this.#fail(error, group, groupBytes);
    }
  }

  async #openSegment(): Promise<OpenSegment> {
    const { files, clock, options } = this.#parts;
    this.#sequence += 1;
    const name = newSegmentName(this.#sequence);
    const file = await files.create(name);
    const segment: OpenSegment = {
      name,
      file,
      records: [],
      createdMs: clock.now(),
      bytes: SEGMENT_HEADER_BYTES,
      isDue: false,
    };
    this.#open = segment;
    await file.write(encodeSegmentHeader(), 0);
    this.#ageTimer = setTimeout(() => {
      segment.isDue = true;
      this.#parts.onDue();
    }, options.segmentAgeMs);
    return segment;
  }

  #seal(): void {
    const segment = this.#open;
    if (segment === undefined) return;
    clearTimeout(this.#ageTimer);
    this.#open = undefined;
    const { name, bytes, records, createdMs, file } = segment;
    file
      .close()
      .catch((error: unknown) =>
        this.#parts.logger.warn({ err: error, segment: name }, 'closing a segment failed'),
      );
    const { id = '' } = parseSegmentName(name) ?? {};
    this.#parts.onSealed({ name, id, bytes, records, createdMs });
  }

  /** Takes back what is not durable, refuses it, and tries the disk until it takes writes again. */
  async #fail(error: unknown, group: readonly QueuedRecord[], groupBytes: number): Promise<void> {
    const { generation, observer, logger } = this.#parts;
    this.#failure = error;
    generation.lose();
    observer.writeFailed();
    logger.error(
      { err: error, records: group.length },
      'writing to the spool failed; see docs/runbook.md#the-spool',
    );
    for (const record of group) record.reject(new SpoolWriteError(error));
    await this.#takeBack();
    this.#probeLater(groupBytes);
  }

  async #takeBack(): Promise<void> {
    const segment = this.#open;
    if (segment === undefined) return;
    const { files, logger } = this.#parts;
    try {
      if (segment.records.length > 0) {
        await segment.file.truncate(segment.bytes);
        await segment.file.sync();
      } else {
        clearTimeout(this.#ageTimer);
        this.#open = undefined;
        await segment.file.close();
        await files.remove(segment.name);
      }
    } catch (error) {
      logger.warn(
        { err: error, segment: segment.name },
        'taking back a failed write failed; the segment ends before it',
      );
    }
    this.#seal();
  }

  #probeLater(bytes: number): void {
    if (this.#isClosed) return;
    this.#probeTimer = setTimeout(() => void this.#probe(bytes), PROBE_MS);
    this.#probeTimer.unref();
  }

  /** Whether the disk takes as much as it refused. */
  async #probe(bytes: number): Promise<void> {
    const { files, options } = this.#parts;
    try {
      await files.remove(PROBE_NAME);
      const file = await files.create(PROBE_NAME);
      try {
        await file.write(Buffer.alloc(Math.min(bytes, options.segmentBytes)), 0);
        await file.sync();
      } finally {
        await file.close();
        await files.remove(PROBE_NAME);
      }
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      this.#probeLater(bytes);
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
