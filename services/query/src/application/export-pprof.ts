import { parseProfileType, PprofBuilder } from '@everflame/profile';
import type { ProfileFilter } from '@everflame/storage';
import type { MergedProfile } from './merge-profiles.ts';

const NANOS_PER_MS = 1_000_000n;

/**
 * A merged profile as uncompressed pprof with one sample type. Every location carries its lines and the mapping says
 * that it is symbolised, so `go tool pprof` asks for nothing else. Averages of gauges are rounded per stack.
 */
export function encodeMergedProfile(merged: MergedProfile, filter: ProfileFilter): Uint8Array {
  const type = parseProfileType(filter.profileTypeId);
  const builder = new PprofBuilder({
    sampleTypes: [{ type: type.sampleType, unit: type.sampleUnit }],
    periodType: { type: type.periodType, unit: type.periodUnit },
    period: 1,
    timeNanos: BigInt(filter.fromMs) * NANOS_PER_MS,
    durationNanos: BigInt(Math.round(merged.scope.instanceSeconds * 1000)) * NANOS_PER_MS,
    defaultSampleType: type.sampleType,
  });
  const { cache, stacks } = merged.resolved;
  const locations = new LocationWriter(builder, merged);
  for (let i = 0; i < stacks.length; i++) {
    const value = Math.round(merged.values[i] ?? 0);
    if (value === 0) continue;
    builder.addSample(
      Array.from(cache.framesOf(stacks[i] ?? 0), (frame) => locations.locationOf(frame)),
      [value],
    );
  }
  return builder.finish();
}

/** Writes each frame as one location of one line, and each function once. */
class LocationWriter {
  private readonly locations = new Map<number, number>();
  private readonly functions = new Map<string, number>();
  private readonly builder: PprofBuilder;
  private readonly cache: MergedProfile['resolved']['cache'];

  constructor(builder: PprofBuilder, merged: MergedProfile) {
    this.builder = builder;
    this.cache = merged.resolved.cache;
  }

  locationOf(frame: number): number {
    const known = this.locations.get(frame);
    if (known !== undefined) return known;
    const id = this.builder.addLocation({
      lines: [{ functionId: this.functionOf(frame), line: this.cache.lineOf(frame) }],
    });
    this.locations.set(frame, id);
    return id;
  }

  private functionOf(frame: number): number {
    const name = this.cache.symbols.name(this.cache.symbolOf(frame));
    const file = this.cache.fileOf(frame);
    const startLine = this.cache.startLineOf(frame);
    const key = `${name}\n${file}\n${startLine}`;
    const known = this.functions.get(key);
    if (known !== undefined) return known;
    const systemName = this.cache.systemNameOf(frame) || name;
    const id = this.builder.addFunction({ name, systemName, file, startLine });
    this.functions.set(key, id);
    return id;
  }
}
