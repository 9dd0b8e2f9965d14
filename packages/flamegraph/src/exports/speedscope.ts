import { type FrameNames, readFrames, type Stacks, type StackSet } from '../stack-set.ts';
import { inChunks } from './chunks.ts';
import type { ExportSubject } from './export-subject.ts';

const UNITS = ['nanoseconds', 'microseconds', 'milliseconds', 'seconds', 'bytes'];

type Subject = Pick<ExportSubject, 'query' | 'unit'>;

/**
 * The JSON that speedscope opens (https://www.speedscope.app/file-format-schema.json), in pieces of about 64 KiB: one
 * profile of type `sampled`, or two that share their frames for a diff. Stacks are root first.
 */
export function speedscopeChunks(shown: StackSet, subject: Subject): Generator<string> {
  return inChunks(speedscopeTexts(shown, subject));
}

function* speedscopeTexts(shown: StackSet, { query: name, unit }: Subject): Generator<string> {
  const stacks = readFrames(shown);
  const frames = new FrameNumbers(stacks);
  const head = {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter: 'everflame',
    name,
    activeProfileIndex: 0,
  };
  const sides = [{ name, values: stacks.left }];
  if (stacks.right !== undefined) {
    sides[0] = { name: `before: ${name}`, values: stacks.left };
    sides.push({ name: `after: ${name}`, values: stacks.right });
  }
  yield `${JSON.stringify(head).slice(0, -1)},"shared":{"frames":[`;
  yield* commaSeparated(frames.texts());
  yield ']},"profiles":[';
  for (const [index, side] of sides.entries()) {
    if (index > 0) yield ',';
    yield* profileOf(stacks, frames, { ...side, unit: UNITS.includes(unit) ? unit : 'none' });
  }
  yield ']}\n';
}

function* profileOf(
  stacks: Stacks<FrameNames>,
  frames: FrameNumbers,
  side: { readonly name: string; readonly values: Float64Array; readonly unit: string },
): Generator<string> {
  const { values } = side;
  const endValue = values.reduce((sum, value) => sum + value, 0);
  const head = { type: 'sampled', name: side.name, unit: side.unit, startValue: 0, endValue };
  const used = (): Iterable<number> => indexesWithValue(values);
  yield `${JSON.stringify(head).slice(0, -1)},"samples":[`;
  yield* commaSeparated(mapped(used(), (stack) => JSON.stringify(frames.rootFirst(stacks, stack))));
  yield '],"weights":[';
  yield* commaSeparated(mapped(used(), (stack) => String(values[stack])));
  yield ']}';
}

/** Numbers the frames in use from 0. */
class FrameNumbers {
  readonly #frames: FrameNames;
  readonly #used: number[] = [];
  readonly #numbers: Int32Array;

  constructor({ symbols, frames }: Stacks<FrameNames>) {
    this.#frames = symbols;
    this.#numbers = new Int32Array(symbols.size).fill(-1);
    for (const frame of frames) {
      if (this.#numbers[frame] === -1) this.#numbers[frame] = this.#used.push(frame) - 1;
    }
  }

  rootFirst({ offsets, frames }: Stacks<FrameNames>, stack: number): number[] {
    return Array.from(
      frames.subarray(offsets[stack], offsets[stack + 1]),
      (frame) => this.#numbers[frame] as number,
    ).toReversed();
  }

  texts(): Iterable<string> {
    return mapped(this.#used, (frame) => {
      const file = this.#frames.file(frame);
      const name = this.#frames.name(frame);
      return JSON.stringify(file === '' ? { name } : { name, file });
    });
  }
}

function* indexesWithValue(values: Float64Array): Generator<number> {
  for (let index = 0; index < values.length; index++) if (values[index] !== 0) yield index;
}

function* mapped<T>(items: Iterable<T>, text: (item: T) => string): Generator<string> {
  for (const item of items) yield text(item);
}

function* commaSeparated(texts: Iterable<string>): Generator<string> {
  let isFirst = true;
  for (const text of texts) {
    yield isFirst ? text : `,${text}`;
    isFirst = false;
  }
}
