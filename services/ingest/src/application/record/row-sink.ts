import type { DomainError } from '@everflame/profile';

/** Whose rows a record has. */
export interface Sender {
  readonly tenant: string;
  readonly service: string;
}

/**
 * Where the rows of one profile become durable. Port between flattening and storing.
 * A record is what `RowRecordWriter` wrote: all rows of one profile, dictionary rows included.
 */
export abstract class RowSink {
  /**
   * Resolves when the record is durable; from then on it is never lost and reaches storage by itself.
   * `generation` is the one `generation` had when the record was made: a record that may rely on dictionary rows that
   * were lost is refused as retryable. Throws a retryable `DomainError` when it cannot be taken now.
   */
  abstract add(record: Uint8Array, generation: number): Promise<void>;

  /** Goes up when dictionary rows have to be written again: from then on records must carry theirs. */
  abstract get generation(): number;

  /** Makes `generation` go up, for dictionary rows that are not where records rely on them. */
  renewDictionary(): void {}

  /** What `add` throws for any record at present; spares work that would be in vain. */
  get refusal(): DomainError | undefined {
    return undefined;
  }

  /** What those who send more than others are refused with at present: there is little room left, and it is for the others. */
  get scarcity(): DomainError | undefined {
    return undefined;
  }

  /** What `add` would come to nothing for, for records of this sender at present. */
  refusalOf(_sender: Sender): DomainError | undefined {
    return undefined;
  }
}
