import { Counter, Gauge, Histogram, type Registry } from '@everflame/service-kit';
import type { RemovalCause, SpoolLevel, SpoolObserver } from '../application/spool/spool-observer.ts';

type Reason = Parameters<SpoolObserver['quarantined']>[0];

/** Metrics of the spool. */
export class SpoolMetrics implements SpoolObserver {
  readonly #registry: Registry;
  readonly #syncSeconds: Histogram;
  readonly #records: Counter;
  readonly #writeFailures: Counter;
  readonly #insertAttempts: Counter<'outcome'>;
  readonly #quarantined: Counter<'reason'>;
  readonly #quarantineRemoved: Counter<'cause'>;
  readonly #tornTails: Counter;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#registry = registry;
    this.#syncSeconds = new Histogram({
      name: 'everflame_ingest_spool_fsync_seconds',
      help: 'Time to make one group of records durable.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    });
    this.#records = new Counter({
      name: 'everflame_ingest_spool_records_total',
      help: 'Records made durable.',
      registers,
    });
    this.#writeFailures = new Counter({
      name: 'everflame_ingest_spool_write_failures_total',
      help: 'Writes to the spool that failed.',
      registers,
    });
    this.#insertAttempts = new Counter({
      name: 'everflame_ingest_spool_insert_attempts_total',
      help: 'Inserts into ClickHouse by outcome: stored, unavailable (tried again) or refused.',
      labelNames: ['outcome'] as const,
      registers,
    });
    this.#quarantined = new Counter({
      name: 'everflame_ingest_spool_quarantined_records_total',
      help: 'Records set aside: damaged on disk, malformed, refused by ClickHouse, or in an unreadable segment.',
      labelNames: ['reason'] as const,
      registers,
    });
    this.#quarantineRemoved = new Counter({
      name: 'everflame_ingest_spool_quarantine_removed_total',
      help: 'Segments whose records were removed from the quarantine for good, because of their age or its budget.',
      labelNames: ['cause'] as const,
      registers,
    });
    this.#tornTails = new Counter({
      name: 'everflame_ingest_spool_torn_tails_total',
      help: 'Unfinished writes cut off the end of a segment.',
      registers,
    });
    for (const outcome of ['stored', 'unavailable', 'refused']) this.#insertAttempts.inc({ outcome }, 0);
    for (const cause of ['age', 'budget']) this.#quarantineRemoved.inc({ cause }, 0);
    for (const reason of ['damaged', 'malformed', 'refused', 'unreadable'])
      this.#quarantined.inc({ reason }, 0);
  }

  /** Adds gauges of how full the spool is, read when they are scraped. */
  watch(spool: { readonly level: SpoolLevel }): void {
    const gauge = (name: string, help: string, value: (level: SpoolLevel) => number): void => {
      const created = new Gauge({
        name: `everflame_ingest_spool_${name}`,
        help,
        registers: [],
        collect() {
          this.set(value(spool.level));
        },
      });
      this.#registry.registerMetric(created);
    };
    gauge('bytes', 'Bytes that the spool takes, without the quarantine.', (level) => level.bytes);
    gauge('quarantine_bytes', 'Bytes of the quarantine.', (level) => level.quarantineBytes);
    gauge(
      'quarantine_budget_bytes',
      'Bytes that the quarantine may take.',
      (level) => level.quarantineBudgetBytes,
    );
    gauge('budget_bytes', 'Bytes that the spool may take.', (level) => level.budgetBytes);
    gauge(
      'segments_waiting',
      'Sealed segments that ClickHouse does not have.',
      (level) => level.segmentsWaiting,
    );
    gauge('segments_in_memory', 'Of these, how many are in memory.', (level) => level.segmentsInMemory);
    gauge(
      'oldest_seconds',
      'Age of the oldest record that ClickHouse does not have.',
      (level) => level.oldestMs / 1000,
    );
  }

  synced(seconds: number, records: number): void {
    this.#syncSeconds.observe(seconds);
    this.#records.inc(records);
  }

  writeFailed(): void {
    this.#writeFailures.inc();
  }

  insertAttempt(outcome: 'stored' | 'unavailable' | 'refused'): void {
    this.#insertAttempts.inc({ outcome });
  }

  quarantined(reason: Reason, records: number): void {
    this.#quarantined.inc({ reason }, records);
  }

  quarantineRemoved(cause: RemovalCause): void {
    this.#quarantineRemoved.inc({ cause });
  }

  tornTail(): void {
    this.#tornTails.inc();
  }
}
