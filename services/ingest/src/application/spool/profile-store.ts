import type { EncodedBatch } from '@everflame/storage';

/** The store answered, and does not take these rows. `cause` says why. */
export class RowsRefusedError extends Error {
  constructor(cause: unknown) {
    super('Storage refused the rows.', { cause });
    this.name = 'RowsRefusedError';
  }
}

/** Where batches become durable and queryable. */
export interface ProfileStore {
  /**
   * Stores a batch; when it resolves, the rows are durable and queryable. Storing it again changes nothing.
   * Throws `RowsRefusedError` for rows that are refused; whatever else it throws may pass by itself.
   */
  insert(batch: EncodedBatch): Promise<void>;

  /** Inserts no rows into every table; throws where no insert at all would be taken. */
  insertNothing(): Promise<void>;
}
