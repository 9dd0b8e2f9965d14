/** Why records are in the quarantine. */
export type QuarantineReason = 'damaged' | 'malformed' | 'refused' | 'unreadable';
/** How an attempt to insert ended: it may succeed later (`unavailable`) or not as it is (`refused`). */
export type InsertOutcome = 'stored' | 'unavailable' | 'refused';

/** What the spool reports as it happens. Port of the metrics. */
export interface SpoolObserver {
  /** One group of records was made durable. */
  synced(seconds: number, records: number): void;
  writeFailed(): void;
  insertAttempt(outcome: InsertOutcome): void;
  quarantined(reason: QuarantineReason, records: number): void;
  tornTail(): void;
}

/** How full the spool is. */
export interface SpoolLevel {
  /** Of segments, of records on their way to the disk and of the quarantine. */
  readonly bytes: number;
  readonly quarantineBytes: number;
  readonly budgetBytes: number;
  /** Sealed segments that wait for ClickHouse. */
  readonly segmentsWaiting: number;
  /** Of these, how many are held in memory. */
  readonly segmentsInMemory: number;
  /** Age of the oldest record that ClickHouse does not have; 0 without one. */
  readonly oldestMs: number;
  /** Why the last insert failed; empty since one succeeded. */
  readonly insertFailure: string;
}
