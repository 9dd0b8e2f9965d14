import { PprofBuilder } from '@everflame/profile';

type PprofHeader = ConstructorParameters<typeof PprofBuilder>[0];
type PprofFunction = Parameters<PprofBuilder['addFunction']>[0];
type PprofLabels = Parameters<PprofBuilder['addSample']>[2];

/** A whole profile as objects. References are indexes into the arrays, not ids. */
export interface PprofWriterInput extends PprofHeader {
  readonly functions: readonly PprofFunction[];
  readonly locations: readonly {
    readonly lines: readonly { readonly function: number; readonly line?: number }[];
    readonly address?: number;
  }[];
  readonly samples: readonly {
    /** Leaf first. */
    readonly locations: readonly number[];
    readonly values: readonly number[];
    readonly labels?: PprofLabels;
  }[];
}

/** Encodes a profile as uncompressed pprof bytes. */
export function encodePprof(profile: PprofWriterInput): Uint8Array<ArrayBuffer> {
  const builder = new PprofBuilder(profile);
  for (const fn of profile.functions) builder.addFunction(fn);
  for (const { lines, address } of profile.locations) {
    builder.addLocation({
      lines: lines.map((line) => ({ functionId: line.function + 1, line: line.line ?? 0 })),
      address: address ?? 0,
    });
  }
  for (const sample of profile.samples) {
    builder.addSample(
      sample.locations.map((location) => location + 1),
      sample.values,
      sample.labels,
    );
  }
  return builder.finish();
}

/** A profile for `pprofOfCollapsed`. */
export interface CollapsedProfile extends Partial<PprofHeader> {
  /** `root;…;leaf value`, with one value per sample type separated by spaces. */
  readonly stacks: readonly string[];
  /** String labels of every sample. */
  readonly labels?: Readonly<Record<string, string>>;
}

const CPU = { type: 'cpu', unit: 'nanoseconds' };

/**
 * Builds uncompressed pprof bytes from folded stacks, such as `['main;work;alloc 3']`. A function named `f` is in file
 * `f.go` at line 1. The sample type is `cpu/nanoseconds` unless given.
 */
export function pprofOfCollapsed(profile: CollapsedProfile): Uint8Array<ArrayBuffer> {
  const { stacks, labels = {}, ...header } = profile;
  const sampleTypes = header.sampleTypes ?? [CPU];
  const builder = new PprofBuilder({ periodType: CPU, period: 10_000_000, ...header, sampleTypes });
  const pprofLabels = Object.entries(labels).map(([key, str]) => ({ key, str }));
  const locationOf = new Map<string, number>();
  for (const stack of stacks) {
    const fields = stack.split(' ');
    const values = fields.splice(-sampleTypes.length).map(Number);
    const names = fields.join(' ').split(';').toReversed();
    const locationIds = names.map((name) => {
      const known = locationOf.get(name);
      if (known !== undefined) return known;
      const functionId = builder.addFunction({ name, file: `${name}.go`, startLine: 1 });
      const id = builder.addLocation({ lines: [{ functionId, line: 1 }] });
      locationOf.set(name, id);
      return id;
    });
    builder.addSample(locationIds, values, pprofLabels);
  }
  return builder.finish();
}
