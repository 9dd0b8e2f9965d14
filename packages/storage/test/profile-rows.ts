import { addProfileRow, type FrameRow, type ProfileRow } from '@everflame/testkit';
import type { ProfileBatch } from '../src/index.ts';
import type { SeriesRow } from '../src/write/dictionary-rows.ts';

export const CPU = 'process_cpu:cpu:nanoseconds:cpu:nanoseconds';
export const INUSE = 'memory:inuse_space:bytes:space:bytes';
/** 10:00 UTC on a Monday that no retention reaches while these tests are run. */
export const TEN_O_CLOCK = Date.UTC(2100, 0, 4, 10);

let nextProfileId = 1;

/** A CPU profile of the service `checkout` with the given values by stack id. */
export function profileRow(
  overrides: Partial<Omit<ProfileRow, 'values'>> & { stacks: Readonly<Record<number, number>> },
): ProfileRow {
  const { stacks, ...rest } = overrides;
  const ids = Object.keys(stacks)
    .map(Number)
    .toSorted((a, b) => a - b);
  const values = Float64Array.from(ids, (id) => stacks[id] ?? 0);
  return {
    tenant: 'acme',
    retentionDays: 400,
    type: CPU,
    kind: 'interval',
    service: 'checkout',
    fingerprint: { lo: 1, hi: 0 },
    timeMs: TEN_O_CLOCK,
    profileId: { lo: nextProfileId++, hi: 0x8000_0000 },
    durationMs: 10_000,
    period: 10_000_000,
    total: values.reduce((sum, value) => sum + value, 0),
    // The high half is set so that ids exceed 2^63.
    stackIdLo: Uint32Array.from(ids),
    stackIdHi: new Uint32Array(ids.length).fill(0xf000_0000),
    values,
    ...rest,
  };
}

/** The series of a profile, with these labels beside the name of the service. */
export function seriesOf(profile: ProfileRow, labels: Readonly<Record<string, string>>): SeriesRow {
  const { tenant, type, kind, service, fingerprint, timeMs } = profile;
  const all = { service_name: service, ...labels };
  return { tenant, dayMs: timeMs, type, kind, service, fingerprint, labels: Object.entries(all) };
}

export function addWithSeries(
  batch: ProfileBatch,
  profile: ProfileRow,
  labels: Readonly<Record<string, string>> = {},
): void {
  addProfileRow(batch, profile);
  batch.addSeries(seriesOf(profile, labels));
}

export function frameRow(overrides: Partial<FrameRow>): FrameRow {
  return {
    tenant: 'acme',
    dayMs: TEN_O_CLOCK,
    idLo: 1,
    idHi: 0,
    name: 'main.work',
    systemName: '',
    file: 'main.go',
    line: 12,
    startLine: 10,
    buildId: '',
    addressLo: 0,
    addressHi: 0,
    ...overrides,
  };
}
