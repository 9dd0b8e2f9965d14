import { encodePprof, type PprofWriterInput } from '@everflame/testkit';
import { hash64ToHex, ProfileDecoder, saltOf, StackFlattener, type FlatProfile } from '../src/index.ts';
import type { FlattenLimits } from '../src/stacks/flat-profile.ts';

const decoder = new ProfileDecoder();
const flattener = new StackFlattener();

export const CPU = { type: 'cpu', unit: 'nanoseconds' };

export function flatten(bytes: Uint8Array, limits: Partial<FlattenLimits> = {}, tenant = 't'): FlatProfile {
  return flattener.flatten(decoder.decode(bytes), { salt: saltOf(tenant), limits });
}

export function flattenInput(input: PprofWriterInput, limits?: Partial<FlattenLimits>): FlatProfile {
  return flatten(encodePprof(input), limits);
}

export function stackIds(flat: FlatProfile): string[] {
  return Array.from({ length: flat.stacks.count }, (_, i) =>
    hash64ToHex({ lo: flat.stacks.idLo[i]!, hi: flat.stacks.idHi[i]! }),
  );
}

export function frameNames(flat: FlatProfile, stack: number): string[] {
  const { offsets, frames } = flat.stacks;
  return [...frames.subarray(offsets[stack], offsets[stack + 1])].map((frame) => flat.frames.name(frame));
}

export const fn = (name: string) => ({ name, file: `${name}.go`, startLine: 1 });

export const total = (flat: FlatProfile, type = 0): number =>
  flat.groups.reduce((sum, group) => sum + group.columns[type]!.total, 0);

type SampleLabels = NonNullable<PprofWriterInput['samples'][0]['labels']>;

/** main calls work; samples and labels of the caller's choice. */
export function labelled(
  samples: readonly { readonly value: number; readonly labels?: SampleLabels }[],
): PprofWriterInput {
  return {
    sampleTypes: [CPU],
    functions: [fn('main'), fn('work')],
    locations: [{ lines: [{ function: 0, line: 3 }] }, { lines: [{ function: 1, line: 5 }] }],
    samples: samples.map(({ value, labels }) => ({
      locations: [1, 0],
      values: [value],
      labels: labels ?? [],
    })),
  };
}
