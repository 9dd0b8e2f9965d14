import { type ClickHouse, type EncodedBatch, insertEncoded } from '@everflame/storage';
import { ProfileStore } from '../application/profile-store.ts';

export class ClickHouseProfileStore extends ProfileStore {
  private readonly clickhouse: ClickHouse;

  constructor(clickhouse: ClickHouse) {
    super();
    this.clickhouse = clickhouse;
  }

  override insert(batch: EncodedBatch, token: string): Promise<void> {
    return insertEncoded(this.clickhouse, batch, token);
  }
}
