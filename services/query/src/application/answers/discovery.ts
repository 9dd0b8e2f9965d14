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
import { type QueryContext, seriesFilterOf } from '../params/query-filter.ts';

/** What there is to ask for. */
export class Discovery {
  private readonly clickhouse: ClickHouse;

  constructor(clickhouse: ClickHouse) {
    this.clickhouse = clickhouse;
  }

  async profileTypes(params: RangeQuery, context: QueryContext): Promise<ProfileTypesResponse> {
    const stored = await profileTypes(this.clickhouse, seriesFilterOf(params, context));
    return { profileTypes: stored.map(({ id, kind }) => ({ ...parseProfileType(id), kind })) };
  }

  async labelNames(params: DiscoveryQuery, context: QueryContext): Promise<LabelNamesResponse> {
    const names = await labelNames(this.clickhouse, seriesFilterOf(params, context));
    return { names: names.slice(0, params.limit), truncated: names.length > params.limit };
  }

  async labelValues(
    name: string,
    params: DiscoveryQuery,
    context: QueryContext,
  ): Promise<LabelValuesResponse> {
    const filter = seriesFilterOf(params, context);
    const { items, truncated } = await labelValues(this.clickhouse, filter, name, params.limit);
    return { values: [...items], truncated };
  }

  async series(params: DiscoveryQuery, context: QueryContext): Promise<SeriesResponse> {
    const filter = seriesFilterOf(params, context);
    const { items, truncated } = await resolveSeries(this.clickhouse, filter, params.limit);
    return {
      series: items.map(({ type, kind, labels }) => ({ type, kind, labels: { ...labels } })),
      truncated,
    };
  }

  async services(params: RangeQuery, context: QueryContext): Promise<ServicesResponse> {
    const filter = seriesFilterOf(params, context);
    const found = await services(this.clickhouse, filter);
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
