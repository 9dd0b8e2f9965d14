import { formatSelector, parseProfileType } from '@everflame/profile';
import { type ClickHouse, type ProfileFilter, profileTypes, resolveSeries } from '@everflame/storage';

/** More matchers of one selector are not looked at one by one. */
const MAX_MATCHERS = 8;

/** Why no profiles match a filter, in one sentence. */
export async function explainEmpty(clickhouse: ClickHouse, filter: ProfileFilter): Promise<string> {
  const { tenant, fromMs, toMs, profileTypeId, matchers } = filter;
  const types = await profileTypes(clickhouse, { tenant, fromMs, toMs, matchers: [] });
  if (!types.some(({ id }) => id === profileTypeId)) {
    return `There are no profiles of type ${profileTypeId} in this range; GET /api/v1/profile-types lists the types.`;
  }
  const hasSeries = async (some: ProfileFilter['matchers']): Promise<boolean> =>
    (await resolveSeries(clickhouse, { ...filter, matchers: some }, 1)).items.length > 0;
  if (await hasSeries(matchers)) return 'The series of this selector have no profiles in this range.';
  for (const matcher of matchers.slice(0, MAX_MATCHERS)) {
    if (await hasSeries([matcher])) continue;
    return `No series of this type matches ${formatSelector({ matchers: [matcher] })} in this range; GET /api/v1/series lists the series.`;
  }
  const selector = formatSelector({ profileType: parseProfileType(profileTypeId), matchers });
  return `No series matches all of ${selector} in this range; GET /api/v1/series lists the series.`;
}
