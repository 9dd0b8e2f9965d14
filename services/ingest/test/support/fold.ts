import { createHash } from 'node:crypto';
import { DomainError, type FlatProfile, ProfileDecoder, saltOf, StackFlattener } from '@everflame/profile';
import { formatCollapsed } from '@everflame/testkit';
import { gunzipBounded } from '@everflame/service-kit';
import type { GoogleAnswer } from './google-pprof.ts';

const decoder = new ProfileDecoder();
const flattener = new StackFlattener();
const NO_CUTS = { depth: 1 << 22, stringBytes: 1 << 28 };

/** What we make of a profile, gzip or not, in the words of the Go program. */
export function askUs(profile: Uint8Array): GoogleAnswer {
  try {
    const bytes = gunzipBounded(profile, 1 << 28);
    const flat = flattener.flatten(decoder.decode(bytes), { salt: saltOf('t'), limits: NO_CUTS });
    return { columns: flat.sampleTypes.map((_, type) => columnOf(flat, type)) };
  } catch (error) {
    if (error instanceof DomainError) return { error: `${error.code}: ${error.message}` };
    throw error;
  }
}

function columnOf(flat: FlatProfile, type: number): NonNullable<GoogleAnswer['columns']>[number] {
  const names = Array.from({ length: flat.frames.count }, (_, frame) => withOneMark(flat.frames.name(frame)));
  const { offsets, frames } = flat.stacks;
  const sums = new Map<string, number>();
  let total = 0;
  for (const { columns } of flat.groups) {
    const column = columns[type];
    column?.values.forEach((value, i) => {
      const stack = column.stacks[i] ?? 0;
      const ofStack = [...frames.subarray(offsets[stack], offsets[stack + 1])].toReversed();
      const text = ofStack.map((frame) => names[frame] ?? '').join(';');
      sums.set(text, (sums.get(text) ?? 0) + value);
      total += value;
    });
  }
  const text = formatCollapsed(sums);
  return {
    type: withOneMark(flat.sampleTypes[type]?.type ?? ''),
    unit: withOneMark(flat.sampleTypes[type]?.unit ?? ''),
    total: String(total),
    stacks: [...sums.values()].filter((value) => value !== 0).length,
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}

/** U+FFFD once where there are several in a row: how many a damaged text gets is decided differently in Go. */
function withOneMark(text: string): string {
  return text.replace(/\ufffd+/g, '\ufffd');
}
