import type { ClickHouse } from './client.ts';
import { type Sql, SqlParams } from './sql.ts';

export interface Lease {
  /** What one process at a time is enough for. */
  readonly job: string;
  /** Unique among processes. */
  readonly holder: string;
  /** How long the others wait when the holder is not heard of any more. */
  readonly holdMs: number;
}

/**
 * Takes a lease, or prolongs it, and returns whether it is held now. It spares effort and is no lock: two that ask in the
 * same moment may both be told that they hold it, so the work has to bear being done twice.
 */
export async function takeLease(clickhouse: ClickHouse, lease: Lease): Promise<boolean> {
  await clickhouse.command(insertLease(lease));
  const params = new SqlParams();
  const answer = await clickhouse.select({
    text: `SELECT holder FROM leases FINAL WHERE job = ${params.bind('job', 'String', lease.job)}`,
    params: params.values,
  });
  return answer.strings('holder')[0] === lease.holder;
}

/** Gives a lease up, so that another process need not wait. */
export async function giveUpLease(clickhouse: ClickHouse, lease: Lease): Promise<void> {
  await clickhouse.command(insertLease({ ...lease, holdMs: 0 }));
}

/** Writes nothing while another one holds the lease. */
export function insertLease({ job, holder, holdMs }: Lease): Sql {
  const params = new SqlParams();
  const [jobText, holderText] = [params.bind('job', 'String', job), params.bind('holder', 'String', holder)];
  const text = `INSERT INTO leases (job, holder, until)
SELECT ${jobText}, ${holderText}, now64(3, 'UTC') + toIntervalMillisecond(${params.bind('hold', 'UInt32', holdMs)})
WHERE (
  SELECT count() FROM leases FINAL
  WHERE job = ${jobText} AND holder != ${holderText} AND until > now64(3, 'UTC')
) = 0`;
  return { text, params: params.values };
}
