import type { SeededRandom } from './random.ts';
import { joinFields, readPacked, splitFields, writeVarint, type WireField } from './wire-fields.ts';

/** Numbers at which decoders go wrong. */
const EDGES: readonly bigint[] = [0, 7, 8, 14, 21, 31, 32, 53, 63, 64]
  .flatMap((bits) => [-2n, -1n, 0n, 1n].map((distance) => (1n << BigInt(bits)) + distance))
  .concat(-3n, -(1n << 53n));
const BAD_VARINTS: readonly (readonly number[])[] = [
  [0x80, 0x00],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
];
/** Fields of a profile that are messages: value types, samples, mappings, locations, functions. */
const MESSAGES: readonly number[] = [1, 2, 3, 4, 5, 11];

type Mutation = (bytes: Uint8Array, donor: Uint8Array, random: SeededRandom) => Uint8Array;

/**
 * A damaged copy of an uncompressed profile: bits and bytes changed, cut, or fields repeated, left out, reordered, taken
 * from `donor`, or with ids, indexes, lengths and values at the edges of what fits. The same seed damages the same way.
 */
export function mutateProfile(bytes: Uint8Array, donor: Uint8Array, random: SeededRandom): Uint8Array {
  let mutated = bytes;
  const times = random.pick([1, 1, 1, 2, 3]);
  for (let i = 0; i < times; i++) mutated = random.pick(MUTATIONS)(mutated, donor, random);
  return mutated;
}

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  overwriteBytes,
  cut,
  removeBytes,
  insertVarint,
  spliceBytes,
  changeFields,
  changeFields,
  changeNested,
  changeNested,
  changeNested,
  changeValues,
  changeValues,
  shuffleFields,
];

function flipBits(bytes: Uint8Array, _: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = new Uint8Array(bytes);
  for (let i = 1 + random.below(8); i > 0; i--) {
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  }
  return copy;
}

function overwriteBytes(bytes: Uint8Array, _: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = new Uint8Array(bytes);
  const at = random.below(copy.length);
  copy.fill(random.pick([0x00, 0x01, 0x7f, 0x80, 0xff]), at, at + 1 + random.below(12));
  return copy;
}

function cut(bytes: Uint8Array, _: Uint8Array, random: SeededRandom): Uint8Array {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

function removeBytes(bytes: Uint8Array, _: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.below(bytes.length);
  return concat(bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(16)));
}

function insertVarint(bytes: Uint8Array, _: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.below(bytes.length);
  const inserted = random.below(2) === 0 ? random.pick(BAD_VARINTS) : writeVarint(random.pick(EDGES));
  return concat(bytes.subarray(0, at), Uint8Array.from(inserted), bytes.subarray(at + random.below(3)));
}

function spliceBytes(bytes: Uint8Array, donor: Uint8Array, random: SeededRandom): Uint8Array {
  const at = random.below(bytes.length);
  const from = random.below(donor.length);
  const piece = donor.subarray(from, from + random.below(64));
  return concat(bytes.subarray(0, at), piece, bytes.subarray(at + random.below(64)));
}

/** Repeats, drops, moves and borrows whole fields, and changes their tags. */
function changeFields(bytes: Uint8Array, donor: Uint8Array, random: SeededRandom): Uint8Array {
  const fields = fieldsOf(bytes);
  if (fields.length === 0) return bytes;
  const borrowed = fieldsOf(donor);
  for (let i = 1 + random.below(2); i > 0; i--) {
    const at = random.below(fields.length);
    const field = random.pick(fields);
    const action = random.below(7);
    if (action === 0) fields.splice(at, 0, field);
    else if (action === 1 && fields.length > 1) fields.splice(at, 1);
    else if (action === 2) fields.push(...fields.splice(at, 1));
    else if (action === 3 && borrowed.length > 0) fields.splice(at, 0, random.pick(borrowed));
    else if (action === 4) fields.splice(at, 1, { ...field, field: random.below(20) });
    else if (action === 5) fields.push({ field: 9, wireType: 0, value: random.pick(EDGES) });
    else fields.push({ field: 30, wireType: 2, value: bytes.subarray(0, random.below(40)) });
  }
  return joinFields(fields);
}

/** Changes numbers inside messages: ids, references, string indexes, values, labels. */
function changeNested(bytes: Uint8Array, _: Uint8Array, random: SeededRandom): Uint8Array {
  const fields = fieldsOf(bytes);
  const messages = fields.flatMap(({ field, wireType }, i) =>
    wireType === 2 && MESSAGES.includes(field) ? [i] : [],
  );
  if (messages.length === 0) return bytes;
  for (let i = 1 + random.below(2); i > 0; i--) {
    const at = random.pick(messages);
    const message = fields[at];
    if (message === undefined || typeof message.value === 'bigint') continue;
    fields[at] = { ...message, value: changeMessage(message.value, fields.length, random) };
  }
  return joinFields(fields);
}

/** Changes values of samples only, and repeats some samples. */
function changeValues(bytes: Uint8Array, _: Uint8Array, random: SeededRandom): Uint8Array {
  const fields = fieldsOf(bytes);
  const samples = fields.flatMap(({ field, wireType }, i) => (wireType === 2 && field === 2 ? [i] : []));
  for (let i = Math.min(samples.length, 1 + random.below(6)); i > 0; i--) {
    const at = random.pick(samples);
    const sample = fields[at];
    if (sample === undefined || typeof sample.value === 'bigint') continue;
    const changed = fieldsOf(sample.value).map((field): WireField => {
      if (field.field !== 2) return field;
      const number = BigInt(random.next()) << BigInt(random.below(30));
      if (typeof field.value === 'bigint') return { ...field, value: number };
      return { ...field, value: changePacked(field.value, random.below(4) === 0 ? -number : number) };
    });
    fields[at] = { ...sample, value: joinFields(changed) };
    if (random.below(2) === 0) fields.push(sample);
  }
  return joinFields(fields);
}

/** Puts the fields into another order, which changes nothing but the order of strings. */
function shuffleFields(bytes: Uint8Array, _: Uint8Array, random: SeededRandom): Uint8Array {
  const fields = fieldsOf(bytes);
  const strings = fields.filter(({ field }) => field === 6);
  const others = fields.filter(({ field }) => field !== 6);
  for (let i = others.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const swapped = others[i];
    if (swapped === undefined) continue;
    others[i] = others[j] ?? swapped;
    others[j] = swapped;
  }
  const at = random.below(others.length);
  return joinFields([...others.slice(0, at), ...strings, ...others.slice(at)]);
}

function changeMessage(bytes: Uint8Array, count: number, random: SeededRandom): Uint8Array {
  const fields = fieldsOf(bytes);
  const at = random.below(fields.length);
  const field = fields[at];
  if (field === undefined) return bytes;
  const number = random.below(3) === 0 ? random.pick(EDGES) : BigInt(random.below((count >> 2) + 2));
  const action = random.below(5);
  if (action === 0) fields.splice(at, 1);
  else if (action === 1) fields.push(field);
  else if (typeof field.value === 'bigint') fields[at] = { ...field, value: number };
  else if (action === 2) fields[at] = { field: field.field, wireType: 0, value: number };
  else fields[at] = { ...field, value: changePacked(field.value, number) };
  return joinFields(fields);
}

/** Changes the first number of a packed list, or a message in a message. */
function changePacked(bytes: Uint8Array, number: bigint): Uint8Array {
  try {
    const [, ...values] = readPacked(bytes);
    return Uint8Array.from([number, ...values].flatMap(writeVarint));
  } catch {
    return bytes.subarray(1);
  }
}

function fieldsOf(bytes: Uint8Array): WireField[] {
  try {
    return splitFields(bytes);
  } catch {
    return [];
  }
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
