import { type ClickHouse, encodeBatch, insertEncoded, type ProfileBatch } from '@everflame/storage';

/** Encodes and inserts a batch once; see `insertEncoded`. */
export async function insertBatch(clickhouse: ClickHouse, batch: ProfileBatch): Promise<void> {
  await insertEncoded(clickhouse, encodeBatch(batch));
}
