import type { EncodedBatch } from '@everflame/storage';

/** Where batches become durable. Port; the type is the injection token. */
export abstract class ProfileStore {
  /**
   * Stores a batch; when it resolves, the rows are durable and queryable. The same `token` is stored once.
   * Throws a retryable `DomainError` when it may succeed later.
   */
  abstract insert(batch: EncodedBatch, token: string): Promise<void>;
}
