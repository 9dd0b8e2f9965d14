/** Why records are in the quarantine. */
export type QuarantineReason = 'damaged' | 'malformed' | 'refused' | 'unreadable';
/** Why something of the quarantine was removed. */
export type RemovalCause = 'age' | 'budget';
/** How an attempt to insert ended: it may succeed later (`unavailable`) or not as it is (`refused`). */
export type InsertOutcome = 'stored' | 'unavailable' | 'refused';

/** What the spool reports as it happens. Port of the metrics. */
export interface SpoolObserver {
  /** One group of records was made durable. */
  synced(seconds: number, records: number): void;
  writeFailed(): void;
  insertAttempt(outcome: InsertOutcome): void;
  quarantined(reason: QuarantineReason, records: number): void;
  /** What was set aside of one segment is gone for good. */
  quarantineRemoved(cause: RemovalCause): void;
  tornTail(): void;
}

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
