import { DomainError } from '@everflame/profile';
import { type Clock, type Logger, systemClock } from '@everflame/service-kit';
import type { ProfileStore } from './profile-store.ts';
import { RowSink, type Sender } from '../record/row-sink.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { Generation } from './generation.ts';
import { PoisonSenders } from './poison-senders.ts';
import { Quarantine } from './quarantine.ts';
import { parseSegmentName, type SealedSegment } from './segment.ts';
import { framedBytes, SegmentVersionError } from './segment-format.ts';
import { type AppendRecord, SegmentInserter } from './segment-inserter.ts';
import { SegmentQueue } from './segment-queue.ts';
import { type LoadedSegment, loadSegment } from './segment-reader.ts';
import { messageOf, SegmentWriter, type SegmentWriterOptions } from './segment-writer.ts';
import type { SpoolFiles } from './spool-files.ts';
import type { SpoolLevel, SpoolObserver } from './spool-metrics.ts';

const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 100, maxMs: 5000 };
const DEFAULT_SEGMENTS_IN_MEMORY = 4;
/** How long stopping waits for ClickHouse to take what is left. */
const CLOSE_WAIT_MS = 5000;
/** The share of the budget beyond which there is room only for those who do not send more than others. */
const SCARCE = 0.9;
/** A segment that could not be read as often is set aside unread. */
const READ_ATTEMPTS = 10;

export interface SpoolSettings extends SegmentWriterOptions {
  /** Bytes that the spool may take on disk beside the quarantine; beyond it records are refused. */
  readonly budgetBytes: number;
  /** Bytes of the quarantine, and how long something stays there. */
  readonly quarantineBytes: number;
  readonly quarantineAgeMs: number;
  /** Sealed segments whose records stay in memory; others are read from disk again. */
  readonly segmentsInMemory?: number;
  readonly backoff?: BackoffOptions;
}

export interface SpoolOptions {
  readonly files: SpoolFiles;
  readonly store: ProfileStore;
  readonly appendRecord: AppendRecord;
  /** Whose record it is; nothing where that cannot be told. */
  readonly senderOf: (record: Uint8Array) => Sender | undefined;
  /** Runs before the first insert, again and again until it succeeds; records are taken meanwhile. */
  readonly prepare: () => Promise<void>;
  readonly settings: SpoolSettings;
  readonly observer: SpoolObserver;
  readonly logger: Logger;
  readonly clock?: Clock;
}

class SpoolFullError extends DomainError {
  constructor(budgetBytes: number, message = `The spool holds all of its ${budgetBytes} bytes.`) {
    super('exhausted', 'spool_full', message, {
      hint: 'Send the profile again after the retry delay; ClickHouse has to catch up.',
    });
  }
}

/** Opens the spool of a folder: takes up the segments that are left there, and starts to insert. Waits for nothing else. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { files, settings, clock = systemClock } = options;
  try {
    const { quarantineBytes: maxBytes, quarantineAgeMs: maxAgeMs } = settings;
    const quarantine = await Quarantine.open({ ...options, clock, maxBytes, maxAgeMs });
    const leftover = await findLeftover(files);
    const spool = new Spool(options, quarantine, leftover);
    await spool.start(leftover.at(-1));
    return spool;
  } catch (error) {
    await files.release();
    throw error;
  }
}

/**
 * Makes records durable in segments on disk and inserts the segments in order, whatever happens to the process or to
 * ClickHouse (docs/adr/0005-spool.md).
 */
export class Spool extends RowSink {
  readonly #options: SpoolOptions;
  readonly #generation = new Generation();
  readonly #stopping = new AbortController();
  readonly #queue: SegmentQueue;
  readonly #writer: SegmentWriter;
  readonly #inserter: SegmentInserter;
  readonly #quarantine: Quarantine;
  readonly #poison: PoisonSenders;
  readonly #clock: Clock;
  #prepareFailure = 'ClickHouse has not answered yet';
  #reservedBytes = 0;
  #drained: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: SpoolOptions, quarantine: Quarantine, leftover: readonly SealedSegment[]) {
    super();
    const { settings } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#quarantine = quarantine;
    this.#poison = new PoisonSenders({ ...options, clock: this.#clock });
    this.#queue = new SegmentQueue(settings.segmentsInMemory ?? DEFAULT_SEGMENTS_IN_MEMORY);
    for (const segment of leftover) this.#queue.push(segment);
    this.#inserter = new SegmentInserter({
      ...options,
      generation: this.#generation,
      senders: this.#poison,
      backoff: settings.backoff ?? DEFAULT_BACKOFF,
      signal: this.#stopping.signal,
    });
    this.#writer = new SegmentWriter(
      {
        ...options,
        options: settings,
        clock: this.#clock,
        generation: this.#generation,
        onSealed: (segment) => this.#queue.push(segment),
        onDue: () => this.#sealUnlessBehind(),
      },
      Math.max(0, ...leftover.map(({ name }) => parseSegmentName(name)?.sequence ?? 0)),
    );
  }

  /** `newest` is the segment that a killed process may have been writing. */
  async start(newest: SealedSegment | undefined): Promise<void> {
    const { logger } = this.#options;
    if (newest !== undefined) {
      logger.info(
        { segments: this.#queue.size, bytes: this.#queue.bytes },
        'inserting what was left in the spool',
      );
      await loadSegment(newest, this.#options).catch((error: unknown) => {
        logger.warn({ err: error, segment: newest.name }, 'reading the newest segment failed');
      });
    }
    this.#drained = this.#drain().catch((error: unknown) => {
      this.#prepareFailure = messageOf(error);
      logger.fatal({ err: error }, 'the spool stopped inserting');
    });
  }

  override add(record: Uint8Array, generation: number): Promise<void> {
    const { budgetBytes } = this.#options.settings;
    const bytes = framedBytes(record);
    if (!this.#isFull && this.#hasRoomFor(bytes)) {
      this.#reservedBytes = 0;
      return this.#writer.add(record, generation);
    }
    // Where a large record found no room, small ones wait too, so that it gets its turn.
    this.#reservedBytes = Math.max(this.#reservedBytes, Math.min(bytes, budgetBytes / 10));
    this.#generation.lose(generation);
    return Promise.reject(new SpoolFullError(budgetBytes));
  }

  override get generation(): number {
    return this.#generation.current;
  }

  override renewDictionary(): void {
    this.#generation.renew();
  }

  override get refusal(): DomainError | undefined {
    return (
      this.#writer.refusal ??
      (this.#isFull ? new SpoolFullError(this.#options.settings.budgetBytes) : undefined)
    );
  }

  override get scarcity(): DomainError | undefined {
    const { budgetBytes } = this.#options.settings;
    if (this.#bytes <= SCARCE * budgetBytes) return undefined;
    const message = `The spool holds ${this.#bytes} of its ${budgetBytes} bytes; what is left is for those who send less.`;
    return new SpoolFullError(budgetBytes, message);
  }

  override refusalOf(sender: Sender): DomainError | undefined {
    return this.#poison.refusalOf(sender);
  }

  /** Why records cannot be made durable at present; empty when they can. */
  get failure(): string {
    if (this.#writer.failure !== '') return `the spool cannot be written: ${this.#writer.failure}`;
    if (!this.#isFull) return '';
    const why = this.#insertFailure === '' ? '' : `; inserting fails: ${this.#insertFailure}`;
    return `the spool is full: ${this.#bytes} of ${this.#options.settings.budgetBytes} bytes${why}`;
  }

  get level(): SpoolLevel {
    const oldest = this.#queue.head?.createdMs ?? this.#writer.createdMs;
    return {
      bytes: this.#bytes,
      budgetBytes: this.#options.settings.budgetBytes,
      quarantineBytes: this.#quarantine.bytes,
      quarantineBudgetBytes: this.#quarantine.maxBytes,
      segmentsWaiting: this.#queue.size,
      segmentsInMemory: this.#queue.inMemory,
      oldestMs: oldest === undefined ? 0 : Math.max(0, this.#clock.now() - oldest),
      insertFailure: this.#insertFailure,
    };
  }

  /** Takes no more, makes durable what is open, and gives ClickHouse a moment to take what is left; the rest is inserted after the next start. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#writer.close();
    this.#quarantine.close();
    const deadline = performance.now() + CLOSE_WAIT_MS;
    while (this.#queue.size > 0 && this.#insertFailure === '' && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#stopping.abort();
    this.#queue.wake();
    const grace = new Promise((resolve) => setTimeout(resolve, CLOSE_WAIT_MS).unref());
    await Promise.race([this.#drained, grace]);
    await this.#options.files.release();
  }

  get #isFull(): boolean {
    return this.#reservedBytes > 0 && !this.#hasRoomFor(this.#reservedBytes);
  }

  #hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes + this.#writer.headerBytes <= this.#options.settings.budgetBytes;
  }

  get #bytes(): number {
    return this.#queue.bytes + this.#writer.bytes;
  }

  get #insertFailure(): string {
    return this.#prepareFailure === '' ? this.#inserter.failure : this.#prepareFailure;
  }

  /** While ClickHouse has enough to do, segments grow to their full size. */
  #sealUnlessBehind(): void {
    if (this.#queue.size === 0) this.#writer.sealIfDue();
  }

  /** Inserts segment after segment until the process stops. */
  async #drain(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      await this.#untilPrepared();
      while (!signal.aborted) {
        await this.#queue.waitForHead();
        const segment = this.#queue.head;
        if (segment !== undefined && !signal.aborted) await this.#insertHead(segment);
        if (this.#queue.size === 0) this.#writer.sealIfDue();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #untilPrepared(): Promise<void> {
    const { prepare, logger, settings } = this.#options;
    const wait = new Backoff(settings.backoff ?? DEFAULT_BACKOFF, this.#stopping.signal);
    while (this.#prepareFailure !== '') {
      try {
        await prepare();
        this.#prepareFailure = '';
      } catch (error) {
        const reason = messageOf(error);
        if (reason !== this.#prepareFailure) {
          logger.warn({ err: error }, 'preparing ClickHouse failed; pushes are taken into the spool');
        }
        this.#prepareFailure = reason;
        await wait.wait();
      }
    }
  }

  /** Inserts the segment and removes it. Whatever fails is tried again: nothing but success ends a segment. */
  async #insertHead(segment: SealedSegment): Promise<void> {
    const { signal } = this.#stopping;
    const wait = new Backoff(this.#options.settings.backoff ?? DEFAULT_BACKOFF, signal);
    for (;;) {
      try {
        await this.#insertOnce(segment, wait.failures);
        this.#queue.shift();
        return;
      } catch (error) {
        signal.throwIfAborted();
        this.#options.logger.error({ err: error, segment: segment.name }, 'working on a segment failed');
      }
      await wait.wait();
    }
  }

  async #insertOnce(segment: SealedSegment, failures: number): Promise<void> {
    const loaded = await this.#load(segment, failures);
    if (loaded === undefined) return;
    if (loaded.damaged.length > 0) this.#generation.renew();
    const refused = await this.#inserter.insert(segment, loaded.records);
    this.#stopping.signal.throwIfAborted();
    await this.#quarantine.setAside(segment, [...loaded.damaged, ...refused]);
    await this.#options.files.remove(segment.name);
    const aside = new Set(refused.map(({ offset }) => offset));
    this.#poison.absolve(loaded.records.filter(({ offset }) => !aside.has(offset)));
  }

  /** Nothing for a segment that had to be set aside unread. */
  async #load(segment: SealedSegment, failures: number): Promise<LoadedSegment | undefined> {
    try {
      return await loadSegment(segment, this.#options);
    } catch (error) {
      if (!(error instanceof SegmentVersionError) && failures + 1 < READ_ATTEMPTS) throw error;
      this.#generation.renew();
      await this.#quarantine.moveAside(segment, error);
      return undefined;
    }
  }
}

async function findLeftover(files: SpoolFiles): Promise<readonly SealedSegment[]> {
  const found: SealedSegment[] = [];
  for (const { name, bytes, modifiedMs } of await files.list()) {
    const parsed = parseSegmentName(name);
    if (parsed === undefined) continue;
    found.push({ name, bytes, id: parsed.id, createdMs: modifiedMs, records: undefined });
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
