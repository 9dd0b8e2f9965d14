import type {
  DeletionPreviewRequest,
  LostStacksResponse,
  RangeQuery,
  RestoreResponse,
} from '@everflame/contract';
import { PairTable } from '@everflame/bytes';
import type { Logger, Principal } from '@everflame/service-kit';
import {
  type ClickHouse,
  loadStacks,
  lostStacks,
  missingStacks,
  type MissingStacks,
  restoreStacks,
} from '@everflame/storage';
import { parseSeriesFilter, type QueryContext } from '../params/filters.ts';

/** More missing stacks are not looked for under other services at once. */
const MAX_STACKS = 10_000;

/** Finds stacks that cannot be resolved, and stores those again that another service has. */
export class Doctor {
  readonly #clickhouse: ClickHouse;
  readonly #logger: Logger;

  constructor(clickhouse: ClickHouse, logger: Logger) {
    this.#clickhouse = clickhouse;
    this.#logger = logger;
  }

  async find(context: QueryContext, params: RangeQuery): Promise<LostStacksResponse> {
    const filter = parseSeriesFilter(context, params);
    const lost = await lostStacks(this.#clickhouse, filter);
    const isMissing = lost.some((row) => row.missingStacks > 0);
    const missing = isMissing ? await missingStacks(this.#clickhouse, filter, MAX_STACKS) : undefined;
    const restorable = missing === undefined ? [] : await this.#restorable(context, missing);
    return {
      from: filter.fromMs,
      to: filter.toMs,
      lost: lost.map(({ firstMs: first, lastMs: last, ...row }) => ({ ...row, first, last })),
      restorable: restorable.length,
      truncated: missing?.truncated ?? false,
    };
  }

  async restore(
    context: QueryContext,
    { query, from, to }: DeletionPreviewRequest,
  ): Promise<RestoreResponse> {
    const { tenant } = context;
    const filter = parseSeriesFilter(context, { query, from: String(from), to: String(to) });
    const missing = await missingStacks(this.#clickhouse, filter, MAX_STACKS);
    const restorable = await this.#restorable(context, missing);
    for (const service of new Set(restorable.map((stack) => missing.services[stack] ?? ''))) {
      const stacks = restorable.filter((stack) => missing.services[stack] === service);
      const idLo = Uint32Array.from(stacks, (stack) => missing.idLo[stack] as number);
      const idHi = Uint32Array.from(stacks, (stack) => missing.idHi[stack] as number);
      await restoreStacks(this.#clickhouse, { tenant, service, idLo, idHi });
      this.#logger.info({ tenant, service, stacks: stacks.length }, 'lost stacks restored');
    }
    return { restored: restorable.length };
  }

  /** Which of the missing stacks some service has. */
  async #restorable({ tenant }: Principal, { idLo, idHi }: MissingStacks): Promise<number[]> {
    const found = await loadStacks(this.#clickhouse, { tenant, idLo, idHi });
    const known = new PairTable(found.idLo.length);
    for (let i = 0; i < found.idLo.length; i++) known.add(found.idLo[i] as number, found.idHi[i] as number);
    return [...idLo.keys()].filter(
      (stack) => known.find(idLo[stack] as number, idHi[stack] as number) !== -1,
    );
  }
}
