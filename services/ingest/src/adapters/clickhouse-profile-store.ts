import { type ClickHouse, insertEncoded, insertNothing, isRowsRefusal } from '@everflame/storage';
import { type ProfileStore, RowsRefusedError } from '../application/spool/profile-store.ts';

export function clickhouseProfileStore(clickhouse: ClickHouse): ProfileStore {
  return {
    insert: (batch) =>
      insertEncoded(clickhouse, batch).catch((error: unknown) => {
        throw isRowsRefusal(error) ? new RowsRefusedError(error) : error;
      }),
    insertNothing: () => insertNothing(clickhouse),
  };
}
