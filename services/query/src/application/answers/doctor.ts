import type { LostStacksResponse, RangeQuery, RestoreRequest, RestoreResponse } from '@everflame/contract';
import { IdTable } from '@everflame/profile';
import type { Logger } from '@everflame/service-kit';
import {
  type ClickHouse,
  loadStacks,
  lostStacks,
  missingStacks,
  type MissingStacks,
  restoreStacks,
} from '@everflame/storage';
import { type QueryContext, seriesFilterOf } from '../params/query-filter.ts';

/** More missing stacks are not looked for under other services at once. */
const MAX_STACKS = 10_000;

/** Finds stacks that cannot be resolved, and stores those again that another service has. */
export class Doctor {
  private readonly clickhouse: ClickHouse;
  private readonly logger: Logger;

  constructor(clickhouse: ClickHouse, logger: Logger) {
    this.clickhouse = clickhouse;
    this.logger = logger;
  }

  async find(params: RangeQuery, context: QueryContext): Promise<LostStacksResponse> {
    const filter = seriesFilterOf(params, context);
    const lost = await lostStacks(this.clickhouse, filter);
    const isMissing = lost.some((row) => row.missingStacks > 0);
    const missing = isMissing ? await missingStacks(this.clickhouse, filter, MAX_STACKS) : undefined;
    const restorable = missing === undefined ? [] : await this.restorable(missing, context.tenant);
    return {
      from: filter.fromMs,
      to: filter.toMs,
      lost: lost.map(({ firstMs: first, lastMs: last, ...row }) => ({ ...row, first, last })),
      restorable: restorable.length,
      truncated: missing?.truncated ?? false,
    };
  }

  async restore({ query, from, to }: RestoreRequest, context: QueryContext): Promise<RestoreResponse> {
    const { tenant } = context;
    const filter = seriesFilterOf({ query, from: String(from), to: String(to) }, context);
    const missing = await missingStacks(this.clickhouse, filter, MAX_STACKS);
    const restorable = await this.restorable(missing, tenant);
    for (const service of new Set(restorable.map((stack) => missing.services[stack] ?? ''))) {
      const stacks = restorable.filter((stack) => missing.services[stack] === service);
      const idLo = Uint32Array.from(stacks, (stack) => missing.idLo[stack] ?? 0);
      const idHi = Uint32Array.from(stacks, (stack) => missing.idHi[stack] ?? 0);
      await restoreStacks(this.clickhouse, { tenant, service, idLo, idHi });
      this.logger.info({ tenant, service, stacks: stacks.length }, 'lost stacks restored');
    }
    return { restored: restorable.length };
  }

  /** Which of the missing stacks some service has. */
  private async restorable({ idLo, idHi }: MissingStacks, tenant: string): Promise<number[]> {
    const found = await loadStacks(this.clickhouse, { tenant, idLo, idHi });
    const known = new IdTable(found.idLo.length);
    for (let i = 0; i < found.idLo.length; i++) known.add(found.idLo[i] ?? 0, found.idHi[i] ?? 0);
    return [...idLo.keys()].filter((stack) => known.find(idLo[stack] ?? 0, idHi[stack] ?? 0) !== -1);
  }
}
