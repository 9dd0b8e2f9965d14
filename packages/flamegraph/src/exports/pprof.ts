import { parseProfileType, PprofBuilder } from '@everflame/profile';
import type { Stacks } from '../stack-set.ts';
import type { ExportSubject, MeasuredFrames } from './export-subject.ts';

const NANOS_PER_MS = 1_000_000n;
const CHUNK_BYTES = 65_536;

type Subject = Pick<ExportSubject, 'profileTypeId' | 'fromMs' | 'instanceSeconds'>;

/**
 * Stacks as uncompressed pprof with one sample type, in pieces of about 64 KiB. Every location carries its lines and
 * the mapping says that it is symbolised, so `go tool pprof` asks for nothing else. Averages of gauges are rounded per
 * stack.
 */
export function* pprofChunks(
  stacks: Stacks<MeasuredFrames>,
  { profileTypeId, fromMs, instanceSeconds }: Subject,
): Generator<Uint8Array> {
  const type = parseProfileType(profileTypeId);
  const builder = new PprofBuilder({
    sampleTypes: [{ type: type.sampleType, unit: type.sampleUnit }],
    periodType: { type: type.periodType, unit: type.periodUnit },
    period: 1,
    timeNanos: BigInt(fromMs) * NANOS_PER_MS,
    durationNanos: BigInt(Math.round(instanceSeconds * 1000)) * NANOS_PER_MS,
    defaultSampleType: type.sampleType,
  });
  const locations = new LocationWriter(builder, stacks.symbols);
  const { offsets, frames, left, exact } = stacks;
  for (let stack = 0; stack < left.length; stack++) {
    const value = exact?.[stack] ?? Math.round(left[stack] ?? 0);
    if (Number(value) === 0) continue;
    const measured = frames.subarray(offsets[stack], offsets[stack + 1]);
    builder.addSample(
      Array.from(measured, (frame) => locations.locationOf(frame)),
      [value],
    );
    if (builder.pendingBytes >= CHUNK_BYTES) yield builder.drain();
  }
  yield builder.finish();
}

/** Writes each frame as one location of one line, and each function once. */
class LocationWriter {
  readonly #locations = new Map<number, number>();
  readonly #functions = new Map<string, number>();
  readonly #builder: PprofBuilder;
  readonly #frames: MeasuredFrames;

  constructor(builder: PprofBuilder, frames: MeasuredFrames) {
    this.#builder = builder;
    this.#frames = frames;
  }

  locationOf(frame: number): number {
    const known = this.#locations.get(frame);
    if (known !== undefined) return known;
    const id = this.#builder.addLocation({
      lines: [{ functionId: this.#functionOf(frame), line: this.#frames.line(frame) }],
    });
    this.#locations.set(frame, id);
    return id;
  }

  #functionOf(frame: number): number {
    const name = this.#frames.name(frame);
    const file = this.#frames.file(frame);
    const startLine = this.#frames.startLine(frame);
    const key = `${name}\n${file}\n${startLine}`;
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const systemName = this.#frames.systemName(frame) || name;
    const id = this.#builder.addFunction({ name, systemName, file, startLine });
    this.#functions.set(key, id);
    return id;
  }
}
