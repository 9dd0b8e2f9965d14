import { setImmediate as turn } from 'node:timers/promises';
import type { Logger } from '@everflame/service-kit';
import { type EncodedBatch, encodeBatch, ProfileBatch } from '@everflame/storage';
import { type ProfileStore, RowsRefusedError } from './profile-store.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import type { Generation } from './generation.ts';
import type { PoisonSenders } from './poison-senders.ts';
import type { SetAside } from './quarantine.ts';
import type { SealedSegment } from './segment.ts';
import type { SegmentRecord } from './segment-format.ts';
import { messageOf } from './segment-writer.ts';
import type { QuarantineReason, SpoolObserver } from './spool-metrics.ts';

/** A record that was refused as often is poison. */
const REFUSALS = 3;
/** Bytes of records that are turned into rows before others get a turn. */
const TURN_BYTES = 1 << 20;

/** Adds all rows of a record to the batch; throws for a malformed record, and has added nothing then. */
export type AppendRecord = (batch: ProfileBatch, record: Uint8Array) => void;

export interface SegmentInserterParts {
  readonly store: ProfileStore;
  readonly appendRecord: AppendRecord;
  readonly generation: Generation;
  readonly senders: PoisonSenders;
  readonly observer: SpoolObserver;
  readonly logger: Logger;
  readonly backoff: BackoffOptions;
  /** Aborted when the process ends; whatever is under way throws then. */
  readonly signal: AbortSignal;
}

/**
 * Inserts segments, each until ClickHouse has confirmed it. Where ClickHouse refuses the rows themselves, they are
 * halved until the records that it refuses stand alone; the others are inserted. What is repeated, after a restart from
 * the start of the segment, counts once (ADR 0012).
 */
export class SegmentInserter {
  #failure = '';
  readonly #parts: SegmentInserterParts;

  constructor(parts: SegmentInserterParts) {
    this.#parts = parts;
  }

  /** Why the last attempt failed; empty since one succeeded. */
  get failure(): string {
    return this.#failure;
  }

  /** Resolves when every record is stored, except those that it returns: they never will be. */
  async insert(segment: SealedSegment, records: readonly SegmentRecord[]): Promise<readonly SetAside[]> {
    const aside: SetAside[] = [];
    if (records.length > 0) await this.#insertRange(segment, records, aside);
    return aside.toSorted((a, b) => a.offset - b.offset);
  }

  async #insertRange(
    segment: SealedSegment,
    records: readonly SegmentRecord[],
    aside: SetAside[],
  ): Promise<void> {
    const { malformed, batch } = await this.#encode(records);
    for (const item of malformed) this.#setAside(item, aside);
    if (malformed.length > 0) this.#parts.generation.renew();
    const refusal = await this.#refusalOf(batch, segment, this.#refusalsFor(records));
    if (refusal === undefined) return;
    // What is malformed is out already; the halves must not report it again.
    const rest = records.filter(({ offset }) => malformed.every((item) => item.offset !== offset));
    if (rest.length > 1) {
      const middle = rest.length >> 1;
      await this.#insertRange(segment, rest.slice(0, middle), aside);
      await this.#insertRange(segment, rest.slice(middle), aside);
      return;
    }
    for (const record of rest) {
      await this.#insertDictionaryOf(segment, record);
      this.#setAside(setAside(record, 'refused', refusal.cause ?? refusal), aside);
    }
  }

  /** How often ClickHouse has to refuse them. It need not be asked again for who is known for it: all others wait. */
  #refusalsFor([record, ...others]: readonly SegmentRecord[]): number {
    if (record === undefined || others.length > 0) return 1;
    return this.#parts.senders.isSuspect(record) ? 1 : REFUSALS;
  }

  #setAside(item: SetAside, aside: SetAside[]): void {
    aside.push(item);
    this.#parts.senders.accuse(item);
  }

  /** Rows that profiles of other records may rely on are stored though the profile of this one is refused. */
  async #insertDictionaryOf(segment: SealedSegment, record: SegmentRecord): Promise<void> {
    const { batch } = await this.#encode([record]);
    for (const table of batch.tables) {
      if (table.table === 'profiles') continue;
      const alone = { tables: [table], hours: [], rows: table.rows, bytes: table.block.length };
      const refusal = await this.#refusalOf(alone, segment, 1);
      if (refusal !== undefined) this.#parts.generation.renew();
    }
  }

  async #encode(records: readonly SegmentRecord[]) {
    const rows = new ProfileBatch();
    const malformed: SetAside[] = [];
    let bytes = 0;
    for (const record of records) {
      try {
        this.#parts.appendRecord(rows, record.payload);
      } catch (error) {
        malformed.push(setAside(record, 'malformed', error));
      }
      bytes += record.payload.length;
      if (bytes < TURN_BYTES) continue;
      bytes = 0;
      await turn();
    }
    return { malformed, batch: encodeBatch(rows) };
  }

  /**
   * Inserts until it is confirmed, or until it was refused `refusals` times while ClickHouse takes rows as such; then
   * answers the refusal.
   */
  async #refusalOf(
    batch: EncodedBatch,
    segment: SealedSegment,
    refusals: number,
  ): Promise<RowsRefusedError | undefined> {
    if (batch.rows === 0) return undefined;
    const { store, observer, backoff, signal } = this.#parts;
    const wait = new Backoff(backoff, signal);
    for (let refused = 0; ;) {
      signal.throwIfAborted();
      try {
        await store.insert(batch);
        observer.insertAttempt('stored');
        this.#failure = '';
        return undefined;
      } catch (error) {
        this.#report(error, segment, wait.failures + 1);
        if (error instanceof RowsRefusedError && (await this.#takesRows())) refused += 1;
        if (error instanceof RowsRefusedError && refused >= refusals) return error;
      }
      await wait.wait();
    }
  }

  /** The control: a table that is missing, changed or read-only refuses an insert of no rows too. */
  async #takesRows(): Promise<boolean> {
    try {
      await this.#parts.store.insertNothing();
      return true;
    } catch (error) {
      this.#failure = messageOf(error);
      return false;
    }
  }

  #report(error: unknown, segment: SealedSegment, attempt: number): void {
    const { observer, logger, signal } = this.#parts;
    if (signal.aborted) return;
    this.#failure = messageOf(error);
    observer.insertAttempt(error instanceof RowsRefusedError ? 'refused' : 'unavailable');
    logger.warn({ err: error, attempt, segment: segment.id }, 'inserting a segment failed');
  }
}

function setAside({ offset, payload }: SegmentRecord, reason: QuarantineReason, error: unknown): SetAside {
  return { offset, bytes: payload, reason, message: messageOf(error) };
}
