import { parseProfileType, profileKindOf, type ProfileKind } from '@everflame/profile';

/** Codes of `kind` in every table. */
export const KIND_CODES: Readonly<Record<ProfileKind, number>> = { interval: 1, gauge: 2, cumulative: 3 };
export const KIND_TYPE = "Enum8('interval' = 1, 'gauge' = 2, 'cumulative' = 3)";

const KINDS: readonly (ProfileKind | undefined)[] = [undefined, 'interval', 'gauge', 'cumulative'];

export function kindOfCode(code: number | undefined): ProfileKind {
  const kind = KINDS[code ?? 0];
  if (kind === undefined) throw new Error(`${code} is not the code of a profile kind.`);
  return kind;
}

/** The kind to name where nothing is stored that would tell. */
export function expectedKind(profileTypeId: string): ProfileKind {
  const type = parseProfileType(profileTypeId);
  return profileKindOf(type.name, type.sampleType, true);
}

/** The kind with the most profiles (none where there are no rows); ties go to the first. */
export function commonestKind(codes: Float64Array, profiles: Float64Array): ProfileKind | undefined {
  const counts = new Map<number, number>();
  codes.forEach((code, i) => counts.set(code, (counts.get(code) ?? 0) + (profiles[i] ?? 0)));
  const [best] = [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0]);
  return best === undefined ? undefined : kindOfCode(best[0]);
}
