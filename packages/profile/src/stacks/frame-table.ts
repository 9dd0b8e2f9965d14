import { boundedEnd, grown } from '@everflame/bytes';
import { Hasher64, type Hash64, mixHigh, mixLow, mixWord } from '../hash64.ts';
import { type ProfileColumns, StringTable } from '../formats/profile-columns.ts';
import { CUT_FRAME_NAME } from './flat-profile.ts';

/** First word of a frame's hash, so that frames of different kinds never meet. */
const KIND_FUNCTION = 1;
const KIND_BUILD_ID = 2;
const KIND_FILE = 3;
const KIND_CUT = 4;

/**
 * The frames of every location of a profile, inlined ones expanded, with their hashes. Row `i` is one line of one
 * location, or a location without symbol; location `l` owns rows `[first[l], first[l + 1])`, leaf first.
 * The row `cutRow` is the frame that replaces what is cut from a deep stack. Pooled: valid until the next `build`.
 */
export class FrameTable {
  count = 0;
  first = new Uint32Array(1024);
  hashLo = new Int32Array(1024);
  hashHi = new Int32Array(1024);
  /** Index of the function + 1; 0 for an address without symbol and for the cut frame. */
  fn = new Uint32Array(1024);
  line = new Uint32Array(1024);
  location = new Uint32Array(1024);
  cutRow = 0;
  /** Four numbers per location: factor and addend of its step in the low lane, then in the high lane. */
  steps = new Int32Array(4096);
  /** The most rows that one location has. */
  mostRows = 1;
  #functionLo = new Int32Array(512);
  #functionHi = new Int32Array(512);
  readonly #hasher = new Hasher64();
  readonly #strings = new StringHashes();

  build(columns: ProfileColumns, salt: Hash64, maxStringBytes: number): void {
    this.#strings.reset(columns.strings, salt, maxStringBytes);
    this.#hashFunctions(columns, salt);
    const { locationCount, lineStart, lineFunction, lineNumber } = columns;
    this.#reserve(locationCount, (lineStart[locationCount] as number) + locationCount + 1);
    const hasher = this.#hasher;
    let row = 0;
    let mostRows = 1;
    for (let location = 0; location < locationCount; location++) {
      this.first[location] = row;
      const end = lineStart[location + 1] as number;
      for (let line = lineStart[location] as number; line < end; line++) {
        const fn = lineFunction[line] as number;
        if (fn === 0) continue;
        const number = lineNumber[line] as number;
        hasher.startAt(this.#functionLo[fn - 1] as number, this.#functionHi[fn - 1] as number);
        hasher.addWord(number).finish();
        this.#add(row++, fn, number, location);
      }
      const rows = row - (this.first[location] as number);
      if (rows > mostRows) mostRows = rows;
      if (rows === 0) {
        this.#hashAddress(columns, location, salt);
        this.#add(row++, 0, 0, location);
      }
    }
    this.first[locationCount] = row;
    this.mostRows = mostRows;
    hasher.start(salt).addWord(KIND_CUT).addString(CUT_FRAME_NAME).finish();
    this.cutRow = row;
    this.#add(row++, 0, 0, 0);
    this.count = row;
    this.#composeSteps(locationCount);
  }

  /** Whether the stack of a sample has more than `depth` frames. */
  isDeeper({ sampleStart, sampleLocations }: ProfileColumns, sample: number, depth: number): boolean {
    const end = sampleStart[sample + 1] as number;
    let frames = 0;
    for (let at = sampleStart[sample] as number; at < end && frames <= depth; at++) {
      const location = sampleLocations[at] as number;
      frames += (this.first[location + 1] as number) - (this.first[location] as number);
    }
    return frames > depth;
  }

  /** Fills `rows` with the cut frame and the frames of a deeper stack that are nearest to the root, leaf first. */
  takeFromRoot({ sampleStart, sampleLocations }: ProfileColumns, sample: number, rows: Uint32Array): void {
    let out = rows.length;
    for (let at = (sampleStart[sample + 1] as number) - 1; out > 1; at--) {
      const location = sampleLocations[at] as number;
      const leaf = this.first[location] as number;
      for (let row = (this.first[location + 1] as number) - 1; row >= leaf && out > 1; row--) {
        rows[--out] = row;
      }
    }
    rows[0] = this.cutRow;
  }

  #composeSteps(locationCount: number): void {
    this.steps = grown(this.steps, 4 * locationCount);
    const { first, hashLo, hashHi, steps } = this;
    for (let location = 0; location < locationCount; location++) {
      let factorLo = 1;
      let addLo = 0;
      let factorHi = 1;
      let addHi = 0;
      const end = first[location + 1] as number;
      for (let row = first[location] as number; row < end; row++) {
        const lo = hashLo[row] as number;
        const hi = hashHi[row] as number;
        const low = stepFactorLow(hi);
        const high = stepFactorHigh(lo);
        factorLo = Math.imul(factorLo, low);
        addLo = (Math.imul(addLo, low) + lo) | 0;
        factorHi = Math.imul(factorHi, high);
        addHi = (Math.imul(addHi, high) + hi) | 0;
      }
      steps[4 * location] = factorLo;
      steps[4 * location + 1] = addLo;
      steps[4 * location + 2] = factorHi;
      steps[4 * location + 3] = addHi;
    }
  }

  #add(row: number, fn: number, line: number, location: number): void {
    this.hashLo[row] = this.#hasher.lo;
    this.hashHi[row] = this.#hasher.hi;
    this.fn[row] = fn;
    this.line[row] = line;
    this.location[row] = location;
  }

  #hashFunctions(columns: ProfileColumns, salt: Hash64): void {
    const strings = this.#strings;
    const { functionCount, functionFile, functionStartLine } = columns;
    this.#functionLo = grown(this.#functionLo, functionCount);
    this.#functionHi = grown(this.#functionHi, functionCount);
    const start = this.#hasher.start(salt).addWord(KIND_FUNCTION);
    const startLo = start.lo;
    const startHi = start.hi;
    for (let fn = 0; fn < functionCount; fn++) {
      const name = nameOf(columns, fn);
      const file = functionFile[fn] as number;
      strings.add(name);
      strings.add(file);
      const nameLo = strings.lo[name] as number;
      const nameHi = strings.hi[name] as number;
      const fileLo = strings.lo[file] as number;
      const fileHi = strings.hi[file] as number;
      const line = functionStartLine[fn] as number;
      // As the hasher does it, with the lanes in registers.
      let lane = mixLow(mixLow(startLo, nameLo), nameHi);
      this.#functionLo[fn] = mixLow(mixLow(mixLow(lane, fileLo), fileHi), line);
      lane = mixHigh(mixHigh(startHi, nameLo), nameHi);
      this.#functionHi[fn] = mixHigh(mixHigh(mixHigh(lane, fileLo), fileHi), line);
    }
  }

  /** An address counts from the start of its binary, so that it is the same wherever that was loaded. */
  #hashAddress(columns: ProfileColumns, location: number, salt: Hash64): void {
    const strings = this.#strings;
    let lo = columns.locationAddressLo[location] as number;
    let hi = columns.locationAddressHi[location] as number;
    const mapping = columns.mappings[(columns.locationMapping[location] as number) - 1];
    const hasBuildId = mapping !== undefined && !columns.strings.isEmpty(mapping.buildId);
    const binary = mapping === undefined ? 0 : hasBuildId ? mapping.buildId : mapping.file;
    if (mapping !== undefined) {
      const isInside = hi > mapping.startHi || (hi === mapping.startHi && lo >= mapping.startLo);
      if (isInside) {
        const low = lo - mapping.startLo + mapping.offsetLo;
        hi = (hi - mapping.startHi + mapping.offsetHi + Math.floor(low / 0x1_0000_0000)) >>> 0;
        lo = low >>> 0;
      }
    }
    strings.add(binary);
    this.#hasher
      .start(salt)
      .addWord(hasBuildId ? KIND_BUILD_ID : KIND_FILE)
      .addWord(strings.lo[binary] as number)
      .addWord(strings.hi[binary] as number)
      .addWord(lo)
      .addWord(hi)
      .finish();
  }

  #reserve(locations: number, rows: number): void {
    this.first = grown(this.first, locations + 1);
    this.hashLo = grown(this.hashLo, rows);
    this.hashHi = grown(this.hashHi, rows);
    this.fn = grown(this.fn, rows);
    this.line = grown(this.line, rows);
    this.location = grown(this.location, rows);
  }
}

/** The string with the name of a function: some producers fill in the system name only. */
export function nameOf(columns: ProfileColumns, fn: number): number {
  const name = columns.functionName[fn] as number;
  return columns.strings.isEmpty(name) ? (columns.functionSystemName[fn] as number) : name;
}

/**
 * The factor of a frame's step in the low lane, from the high half of its hash, so that the two lanes are independent.
 * It is 1 modulo 4: of n equal steps in a row, as in recursion, no more is lost than the factors of 2 in n.
 */
export function stepFactorLow(frameHi: number): number {
  return (mixWord(frameHi ^ 0x27d4eb2f) & ~3) | 1;
}

/** The factor of a frame's step in the high lane, from the low half of its hash. */
export function stepFactorHigh(frameLo: number): number {
  return (mixWord(frameLo ^ 0x165667b1) & ~3) | 1;
}

/** Hashes of the strings of a profile, each taken once, from the bytes. Pooled: valid until the next `reset`. */
class StringHashes {
  lo = new Int32Array(1024);
  hi = new Int32Array(1024);
  #generation = 0;
  #seen = new Uint32Array(1024);
  #strings = new StringTable();
  /** Of the bytes of the strings. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #salt: Hash64 = { lo: 0, hi: 0 };
  #maxBytes = 0;
  readonly #hasher = new Hasher64();

  reset(strings: StringTable, salt: Hash64, maxBytes: number): void {
    const { bytes } = strings;
    this.#strings = strings;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#salt = salt;
    this.#maxBytes = maxBytes;
    if (this.lo.length < strings.count) {
      this.lo = grown(this.lo, strings.count);
      this.hi = grown(this.hi, strings.count);
      this.#seen = grown(this.#seen, strings.count);
    }
    if (++this.#generation === 0x1_0000_0000) {
      this.#seen.fill(0);
      this.#generation = 1;
    }
  }

  /** Makes `lo[index]` and `hi[index]` hold the hash of string `index`, which must be in the table. */
  add(index: number): void {
    const strings = this.#strings;
    if (this.#seen[index] === this.#generation) return;
    const { bytes } = strings;
    const start = strings.start[index] as number;
    const end = boundedEnd(bytes, start, strings.end[index] as number, this.#maxBytes);
    const hasher = this.#hasher.start(this.#salt).addView(this.#view, start, end).finish();
    this.lo[index] = hasher.lo;
    this.hi[index] = hasher.hi;
    this.#seen[index] = this.#generation;
  }
}
