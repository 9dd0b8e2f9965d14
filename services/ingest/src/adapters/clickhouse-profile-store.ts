import {
  type ClickHouse,
  type EncodedBatch,
  insertEncoded,
  insertNothing,
  isRowsRefusal,
} from '@everflame/storage';
import { ProfileStore, RowsRefusedError } from '../application/spool/profile-store.ts';

export class ClickHouseProfileStore extends ProfileStore {
  readonly #clickhouse: ClickHouse;

  constructor(clickhouse: ClickHouse) {
    super();
    this.#clickhouse = clickhouse;
  }

  override async insert(batch: EncodedBatch): Promise<void> {
    try {
      await insertEncoded(this.#clickhouse, batch);
    } catch (error) {
      throw isRowsRefusal(error) ? new RowsRefusedError(error) : error;
    }
  }

  override insertNothing(): Promise<void> {
    return insertNothing(this.#clickhouse);
  }
}
