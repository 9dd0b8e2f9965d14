import { ClickHouseError } from '@clickhouse/client';
import type { ClickHouse } from '../client.ts';
import { insertLateHours } from './late-hours.ts';
import { ProfileBatch } from './profile-batch.ts';

// Failures of the server itself, which the rows have no part in: files, memory, sockets, replicas, what it cannot name.
// https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp
const SERVER_FAILURES = new Set(
  '74 75 76 77 87 88 95 96 99 107 173 198 225 285 286 297 319 341 387 425 499 594 668 1000 1001 1002'.split(
    ' ',
  ),
);

/** Whether an insert failed because ClickHouse refused what was sent, and not because it is away, busy or broken. */
export function isRowsRefusal(error: unknown): boolean {
  return error instanceof ClickHouseError && !SERVER_FAILURES.has(error.code);
}

/** Inserts no rows into every table that batches go to; throws where a table is missing, changed or read-only. */
export async function insertNothing(clickhouse: ClickHouse): Promise<void> {
  for (const [table, columns] of new ProfileBatch().tables()) await clickhouse.insertColumns(table, columns);
  await insertLateHours(clickhouse, []);
}
