import { gunzipSync } from 'node:zlib';
import {
  fingerprintOf,
  type FlatProfile,
  hashStrings,
  LabelSet,
  normaliseProfile,
  ProfileDecoder,
  profileKindOf,
  profileTypeOf,
  saltOf,
  StackFlattener,
} from '@everflame/profile';
import type { ProfileBatch } from '@everflame/storage';
import { addFrameRow, addProfileRow, addStackRow } from '@everflame/testkit';

const TENANT = 'default';

export interface StoredPprof {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timeMs: number;
  readonly durationMs?: number;
}

/** Adds a pprof file to a batch as ingest stores it; the result is its profile type ids. */
export function addPprof(batch: ProfileBatch, bytes: Uint8Array, profile: StoredPprof): string[] {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  const columns = new ProfileDecoder().decode(plain);
  normaliseProfile(columns);
  const flat = new StackFlattener().flatten(columns, { salt: saltOf(TENANT) });
  const service = profile.labels['service_name'] ?? '';
  addDictionary(batch, flat, service, profile.timeMs);
  const durationMs = profile.durationMs ?? flat.durationMs;
  return flat.sampleTypes.map((sampleType, column) => {
    const type = profileTypeOf(profile.name, sampleType, flat.periodType);
    const kind = profileKindOf(profile.name, sampleType.type, durationMs > 0);
    for (const group of flat.groups) {
      const labels = LabelSet.of({ ...profile.labels, ...Object.fromEntries(group.labels) });
      const series = {
        tenant: TENANT,
        type: type.id,
        kind,
        service,
        fingerprint: fingerprintOf(TENANT, labels),
      };
      const { stacks, values, total } = group.columns[column]!;
      if (stacks.length === 0) continue;
      addProfileRow(batch, {
        ...series,
        retentionDays: 14,
        timeMs: profile.timeMs,
        profileId: hashStrings([type.id, labels.toString(), String(profile.timeMs)]),
        durationMs,
        period: 1,
        total,
        stackIdLo: stacks.map((stack) => flat.stacks.idLo[stack]!),
        stackIdHi: stacks.map((stack) => flat.stacks.idHi[stack]!),
        values,
      });
      batch.addSeries({ ...series, dayMs: profile.timeMs, labels: [...labels.entries()] });
    }
    return type.id;
  });
}

function addDictionary(batch: ProfileBatch, flat: FlatProfile, service: string, dayMs: number): void {
  const { frames, stacks } = flat;
  for (let frame = 0; frame < frames.count; frame++) {
    addFrameRow(batch, {
      tenant: TENANT,
      dayMs,
      idLo: frames.idLo[frame]!,
      idHi: frames.idHi[frame]!,
      name: frames.name(frame),
      file: frames.file(frame),
      line: frames.line[frame]!,
      startLine: frames.startLine[frame]!,
      systemName: frames.systemName(frame),
      buildId: frames.buildId(frame),
      addressLo: frames.addressLo[frame]!,
      addressHi: frames.addressHi[frame]!,
    });
  }
  for (let stack = 0; stack < stacks.count; stack++) {
    const own = stacks.frames.subarray(stacks.offsets[stack], stacks.offsets[stack + 1]);
    addStackRow(batch, {
      tenant: TENANT,
      service,
      dayMs,
      idLo: stacks.idLo[stack]!,
      idHi: stacks.idHi[stack]!,
      frameIdLo: own.map((frame) => frames.idLo[frame]!),
      frameIdHi: own.map((frame) => frames.idHi[frame]!),
    });
  }
}
