import type { ClickHouse } from '../client.ts';
import { inChunks, ID_STATEMENT_SETTINGS } from '../read/stacks/id-chunks.ts';
import { idLiterals, type Sql, SqlParams } from '../sql.ts';

export interface Restored {
  readonly tenant: string;
  readonly service: string;
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
}

/**
 * Stores stacks for a service that another service has: the id is a hash of the frames, so they are the same. What no
 * service has stays missing. The rows replace themselves, so repeating it does no harm.
 */
export async function restoreStacks(clickhouse: ClickHouse, restored: Restored): Promise<void> {
  await inChunks(restored.idLo, restored.idHi, (idLo, idHi) =>
    clickhouse.command(insertRestored({ ...restored, idLo, idHi }), ID_STATEMENT_SETTINGS),
  );
}

/** The day is that of ClickHouse: the rows live on as those of stacks that are in use today. */
export function insertRestored({ tenant, service, idLo, idHi }: Restored): Sql {
  const params = new SqlParams();
  return params.sql(`INSERT INTO stacks (tenant, service, day, stack, frames)
SELECT tenant, ${params.bind('service', 'String', service)}, toDate(now('UTC')), stack, any(frames)
FROM stacks
WHERE tenant = ${params.bind('tenant', 'String', tenant)} AND stack IN (${idLiterals(idLo, idHi)})
GROUP BY tenant, stack`);
}
