import type {
  DiscoveryQuery,
  LabelNamesResponse,
  LabelValuesResponse,
  ProfileTypesResponse,
  RangeQuery,
  SeriesResponse,
  ServicesResponse,
} from '@everflame/contract';
import { parseProfileType } from '@everflame/profile';
import {
  type ClickHouse,
  labelNames,
  labelValues,
  profileTypes,
  resolveSeries,
  services,
} from '@everflame/storage';
import { parseSeriesFilter, type QueryContext } from '../params/filters.ts';

/** What there is to ask for. */
export class Discovery {
  readonly #clickhouse: ClickHouse;

  constructor(clickhouse: ClickHouse) {
    this.#clickhouse = clickhouse;
  }

  async profileTypes(context: QueryContext, params: RangeQuery): Promise<ProfileTypesResponse> {
    const stored = await profileTypes(this.#clickhouse, parseSeriesFilter(context, params));
    return { profileTypes: stored.map(({ id, kind }) => ({ ...parseProfileType(id), kind })) };
  }

  async labelNames(context: QueryContext, params: DiscoveryQuery): Promise<LabelNamesResponse> {
    const names = await labelNames(this.#clickhouse, parseSeriesFilter(context, params));
    return { names: names.slice(0, params.limit), truncated: names.length > params.limit };
  }

  async labelValues(
    context: QueryContext,
    name: string,
    params: DiscoveryQuery,
  ): Promise<LabelValuesResponse> {
    const filter = parseSeriesFilter(context, params);
    const { items, truncated } = await labelValues(this.#clickhouse, filter, name, params.limit);
    return { values: [...items], truncated };
  }

  async series(context: QueryContext, params: DiscoveryQuery): Promise<SeriesResponse> {
    const filter = parseSeriesFilter(context, params);
    const { items, truncated } = await resolveSeries(this.#clickhouse, filter, params.limit);
    return {
      series: items.map(({ type, kind, labels }) => ({ type, kind, labels: { ...labels } })),
      truncated,
    };
  }

  async services(context: QueryContext, params: RangeQuery): Promise<ServicesResponse> {
    const filter = parseSeriesFilter(context, params);
    const found = await services(this.#clickhouse, filter);
    return {
      from: filter.fromMs,
      to: filter.toMs,
      services: found.map((service) => ({
        ...service,
        types: service.types.map((type) => ({ ...type })),
        versions: service.versions.map((version) => ({ ...version })),
      })),
    };
  }
}
