import { Counter, Histogram, type Registry, watchGauge } from '@everflame/service-kit';

/** Why records are in the quarantine. */
export type QuarantineReason = 'damaged' | 'malformed' | 'refused' | 'unreadable';
/** Why something of the quarantine was removed. */
export type RemovalCause = 'age' | 'budget';
/** How an attempt to insert ended: it may succeed later (`unavailable`) or not as it is (`refused`). */
export type InsertOutcome = 'stored' | 'unavailable' | 'refused';

/** How full the spool is. */
export interface SpoolLevel {
  /** Of segments and of records on their way to the disk. */
  readonly bytes: number;
  readonly budgetBytes: number;
  readonly quarantineBytes: number;
  readonly quarantineBudgetBytes: number;
  /** Sealed segments that wait for ClickHouse. */
  readonly segmentsWaiting: number;
  /** Of these, how many are held in memory. */
  readonly segmentsInMemory: number;
  /** Age of the oldest record that ClickHouse does not have; 0 without one. */
  readonly oldestMs: number;
  /** Why the last insert failed; empty since one succeeded. */
  readonly insertFailure: string;
}

/** What the spool reports as it happens. */
export type SpoolObserver = Omit<SpoolMetrics, 'watch'>;

/** Metrics of the spool. */
export class SpoolMetrics {
  readonly #registry: Registry;
  readonly #syncSeconds: Histogram;
  readonly #records: Counter;
  readonly #writeFailures: Counter;
  readonly #insertAttempts: Counter<'outcome'>;
  readonly #quarantined: Counter<'reason'>;
  readonly #quarantineRemoved: Counter<'cause'>;
  readonly #tornTails: Counter;

  constructor(registry: Registry) {
    const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
      new Counter({ name: `everflame_ingest_spool_${name}`, help, labelNames, registers: [registry] });
    this.#registry = registry;
    this.#syncSeconds = new Histogram({
      name: 'everflame_ingest_spool_fsync_seconds',
      help: 'Time to make one group of records durable.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers: [registry],
    });
    this.#records = counter('records_total', 'Records made durable.');
    this.#writeFailures = counter('write_failures_total', 'Writes to the spool that failed.');
    this.#insertAttempts = counter(
      'insert_attempts_total',
      'Inserts into ClickHouse by outcome: stored, unavailable (tried again) or refused.',
      'outcome',
    );
    this.#quarantined = counter(
      'quarantined_records_total',
      'Records set aside: damaged on disk, malformed, refused by ClickHouse, or in an unreadable segment.',
      'reason',
    );
    this.#quarantineRemoved = counter(
      'quarantine_removed_total',
      'Segments whose records were removed from the quarantine for good, because of their age or its budget.',
      'cause',
    );
    this.#tornTails = counter('torn_tails_total', 'Unfinished writes cut off the end of a segment.');
    for (const outcome of ['stored', 'unavailable', 'refused']) this.#insertAttempts.inc({ outcome }, 0);
    for (const cause of ['age', 'budget']) this.#quarantineRemoved.inc({ cause }, 0);
    for (const reason of ['damaged', 'malformed', 'refused', 'unreadable'])
      this.#quarantined.inc({ reason }, 0);
  }

  /** Adds gauges of how full the spool is, read when they are scraped. */
  watch(spool: { readonly level: SpoolLevel }): void {
    const gauge = (name: string, help: string, value: (level: SpoolLevel) => number): void => {
      watchGauge(this.#registry, `everflame_ingest_spool_${name}`, help, () => value(spool.level));
    };
    gauge('bytes', 'Bytes that the spool takes, without the quarantine.', ({ bytes }) => bytes);
    gauge('quarantine_bytes', 'Bytes of the quarantine.', (level) => level.quarantineBytes);
    const quarantineBudget = 'Bytes that the quarantine may take.';
    gauge('quarantine_budget_bytes', quarantineBudget, (level) => level.quarantineBudgetBytes);
    gauge('budget_bytes', 'Bytes that the spool may take.', (level) => level.budgetBytes);
    const waiting = 'Sealed segments that ClickHouse does not have.';
    gauge('segments_waiting', waiting, (level) => level.segmentsWaiting);
    gauge('segments_in_memory', 'Of these, how many are in memory.', (level) => level.segmentsInMemory);
    const oldest = 'Age of the oldest record that ClickHouse does not have.';
    gauge('oldest_seconds', oldest, ({ oldestMs }) => oldestMs / 1000);
  }

  /** One group of records was made durable. */
  synced(seconds: number, records: number): void {
    this.#syncSeconds.observe(seconds);
    this.#records.inc(records);
  }

  writeFailed(): void {
    this.#writeFailures.inc();
  }

  insertAttempt(outcome: InsertOutcome): void {
    this.#insertAttempts.inc({ outcome });
  }

  quarantined(reason: QuarantineReason, records: number): void {
    this.#quarantined.inc({ reason }, records);
  }

  /** What was set aside of one segment is gone for good. */
  quarantineRemoved(cause: RemovalCause): void {
    this.#quarantineRemoved.inc({ cause });
  }

  tornTail(): void {
    this.#tornTails.inc();
  }
}
