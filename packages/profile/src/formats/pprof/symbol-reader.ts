import { grown } from '@everflame/bytes';
import { MalformedProfileError } from '../../errors.ts';
import { IdIndex } from './id-index.ts';
import { NO_MAPPING, type ProfileColumns, type ProfileMapping } from '../profile-columns.ts';
import { checkRows } from '../table-limits.ts';
import { indexOf, isNumber, lineOf, unknownString, type WireReader } from './wire-reader.ts';

const ADDRESSES = {
  2: ['startLo', 'startHi'],
  3: ['limitLo', 'limitHi'],
  4: ['offsetLo', 'offsetHi'],
} as const;
const FLAGS = { 7: 'hasFunctions', 8: 'hasFilenames', 9: 'hasLineNumbers', 10: 'hasInlineFrames' } as const;

/** Reads the mapping, location and function messages of a profile into its columns. */
export class SymbolReader {
  readonly #reader: WireReader;
  readonly #columns: ProfileColumns;
  readonly #locationIds: IdIndex;
  readonly #functionIds = new IdIndex('function');
  readonly #mappingIds = new IdIndex('mapping');
  #mappings: ProfileMapping[] = [];
  #lineCount = 0;
  #functionsWithoutId = 0;
  /** Of the strings that functions refer to. */
  #highestString = 0;
  /** High halves of the function ids of lines and of the mapping ids of locations; 0 in nearly every profile. */
  #lineFunctionHi = new Uint32Array(1024);
  #locationMappingHi = new Uint32Array(1024);

  constructor(reader: WireReader, columns: ProfileColumns, locationIds: IdIndex) {
    this.#reader = reader;
    this.#columns = columns;
    this.#locationIds = locationIds;
  }

  clear(): void {
    this.#locationIds.clear();
    this.#functionIds.clear();
    this.#mappingIds.clear();
    this.#mappings = [];
    this.#lineCount = 0;
    this.#functionsWithoutId = 0;
    this.#highestString = 0;
    this.#columns.locationCount = 0;
    this.#columns.functionCount = 0;
  }

  readLocation(): void {
    const reader = this.#reader;
    const columns = this.#columns;
    const { bytes } = reader;
    const limit = reader.limit();
    const location = columns.locationCount++;
    if (columns.lineStart.length < location + 2) this.#growLocations(location + 2);
    columns.lineStart[location] = this.#lineCount;
    let idLo = 0;
    let idHi = 0;
    let mapping = 0;
    let mappingHi = 0;
    let addressLo = 0;
    let addressHi = 0;
    let folded = 0;
    // Here and below the position is a local, and short numbers are read in place: kept in the reader it would go
    // through memory for every byte.
    let at = reader.pos;
    while (at < limit) {
      const tag = bytes[at++] as number;
      if (tag === 0x22) {
        at = this.#readLine(at);
        continue;
      }
      if (tag === 0x20 || !isNumber(tag, 0x28)) {
        at = reader.skipUnknownAt(at - 1, 5);
        continue;
      }
      at = reader.varintAt(at);
      const { lo, hi } = reader;
      if (tag === 0x08) {
        idLo = lo;
        idHi = hi;
      } else if (tag === 0x10) {
        mapping = lo;
        mappingHi = hi;
      } else if (tag === 0x18) {
        addressLo = lo;
        addressHi = hi;
      } else folded = (lo | hi) === 0 ? 0 : 1;
    }
    reader.finish(at, limit, 'location');
    columns.locationMapping[location] = mapping;
    this.#locationMappingHi[location] = mappingHi;
    columns.locationAddressLo[location] = addressLo;
    columns.locationAddressHi[location] = addressHi;
    columns.locationFolded[location] = folded;
    this.#locationIds.add(idLo, idHi);
  }

  /** Reads the line whose length is at `start` and returns where it ends. */
  #readLine(start: number): number {
    const reader = this.#reader;
    const { bytes } = reader;
    reader.pos = start;
    const limit = reader.limit();
    let at = reader.pos;
    let fnLo = 0;
    let fnHi = 0;
    let number = 0;
    while (at < limit) {
      const tag = bytes[at++] as number;
      if (!isNumber(tag, 0x18)) {
        at = reader.skipUnknownAt(at - 1, 3);
        continue;
      }
      at = reader.varintAt(at);
      const { lo, hi } = reader;
      if (tag === 0x08) {
        fnLo = lo;
        fnHi = hi;
      } else if (tag === 0x10) number = lineOf(lo, hi);
    }
    reader.finish(at, limit, 'line');
    const line = this.#lineCount++;
    const columns = this.#columns;
    if (columns.lineFunction.length <= line) this.#growLines(line + 1);
    columns.lineFunction[line] = fnLo;
    this.#lineFunctionHi[line] = fnHi;
    columns.lineNumber[line] = number;
    return limit;
  }

  readFunction(): void {
    const reader = this.#reader;
    const columns = this.#columns;
    const { bytes } = reader;
    const limit = reader.limit();
    const row = columns.functionCount++;
    if (columns.functionName.length <= row) this.#growFunctions(row + 1);
    let name = 0;
    let systemName = 0;
    let file = 0;
    let startLine = 0;
    let idLo = 0;
    let idHi = 0;
    let at = reader.pos;
    while (at < limit) {
      const tag = bytes[at++] as number;
      if (!isNumber(tag, 0x28)) {
        at = reader.skipUnknownAt(at - 1, 5);
        continue;
      }
      at = reader.varintAt(at);
      const { lo, hi } = reader;
      if (tag === 0x08) {
        idLo = lo;
        idHi = hi;
      } else if (tag === 0x28) startLine = lineOf(lo, hi);
      else if (tag === 0x10) name = indexOf(lo, hi, at);
      else if (tag === 0x18) systemName = indexOf(lo, hi, at);
      else file = indexOf(lo, hi, at);
    }
    reader.finish(at, limit, 'function');
    this.#highestString = Math.max(this.#highestString, name, systemName, file);
    columns.functionName[row] = name;
    columns.functionSystemName[row] = systemName;
    columns.functionFile[row] = file;
    columns.functionStartLine[row] = startLine;
    if ((idLo | idHi) === 0) {
      this.#functionsWithoutId++;
      idLo = row + 1;
    }
    this.#functionIds.add(idLo, idHi);
  }

  readMapping(): void {
    const reader = this.#reader;
    const limit = reader.limit();
    const mapping = { ...NO_MAPPING };
    let idLo = 0;
    let idHi = 0;
    while (reader.pos < limit) {
      const tag = reader.tag();
      if (tag === 0x28) mapping.file = reader.index();
      else if (tag === 0x30) mapping.buildId = reader.index();
      else if ((tag & 7) === 0 && tag >= 0x08 && tag <= 0x50) {
        reader.varint();
        if (tag === 0x08) {
          idLo = reader.lo;
          idHi = reader.hi;
        } else setMappingField(mapping, tag >>> 3, reader.lo >>> 0, reader.hi >>> 0);
      } else reader.skipUnknown(tag, 10);
    }
    reader.finish(reader.pos, limit, 'mapping');
    checkRows('mappings', this.#mappings.push(mapping));
    this.#mappingIds.add(idLo, idHi);
  }

  /** Checks strings and turns the ids of functions and mappings into indexes + 1. */
  finish(): void {
    const columns = this.#columns;
    columns.lineStart[columns.locationCount] = this.#lineCount;
    columns.mappings = this.#mappings;
    const strings = columns.strings.count;
    if (this.#highestString >= strings) throw unknownString('function');
    for (const mapping of this.#mappings) {
      if (mapping.file >= strings || mapping.buildId >= strings) throw unknownString('mapping');
    }
    if (this.#functionsWithoutId > 0) numberFunctions(columns, this.#lineCount, this.#functionsWithoutId);
    this.#functionIds.seal();
    const { lineFunction } = columns;
    if (!resolveOptional(lineFunction, this.#lineFunctionHi, this.#lineCount, this.#functionIds)) {
      throw this.#functionIds.unresolved();
    }
    this.#mappingIds.seal();
    // Google's library takes a mapping that is not there for none, too.
    resolveOptional(
      columns.locationMapping,
      this.#locationMappingHi,
      columns.locationCount,
      this.#mappingIds,
    );
  }

  #growLocations(count: number): void {
    checkRows('locations', count - 1);
    const columns = this.#columns;
    columns.lineStart = grown(columns.lineStart, count);
    columns.locationMapping = grown(columns.locationMapping, count);
    this.#locationMappingHi = grown(this.#locationMappingHi, count);
    columns.locationAddressLo = grown(columns.locationAddressLo, count);
    columns.locationAddressHi = grown(columns.locationAddressHi, count);
    columns.locationFolded = grown(columns.locationFolded, count);
  }

  #growLines(count: number): void {
    checkRows('lines', count);
    const columns = this.#columns;
    columns.lineFunction = grown(columns.lineFunction, count);
    columns.lineNumber = grown(columns.lineNumber, count);
    this.#lineFunctionHi = grown(this.#lineFunctionHi, count);
  }

  #growFunctions(count: number): void {
    checkRows('functions', count);
    const columns = this.#columns;
    columns.functionName = grown(columns.functionName, count);
    columns.functionSystemName = grown(columns.functionSystemName, count);
    columns.functionFile = grown(columns.functionFile, count);
    columns.functionStartLine = grown(columns.functionStartLine, count);
  }
}

/**
 * Replaces ids in `refs[0, count)` by rows + 1, and by 0, which is "none", where the id is 0 or not there.
 * Tells whether all are there.
 */
function resolveOptional(refs: Uint32Array, refsHi: Uint32Array, count: number, ids: IdIndex): boolean {
  let isComplete = true;
  for (let i = 0; i < count; i++) {
    const lo = refs[i] as number;
    const hi = refsHi[i] as number;
    if (lo === 0 && hi === 0) continue;
    const row = ids.find(lo, hi);
    if (row < 0) isComplete = false;
    refs[i] = row + 1;
  }
  return isComplete;
}

/** Sets what field 2 to 4 and 7 to 10 of a mapping say. */
function setMappingField(mapping: typeof NO_MAPPING, field: number, lo: number, hi: number): void {
  if (field in FLAGS) {
    mapping[FLAGS[field as keyof typeof FLAGS]] = (lo | hi) !== 0;
    return;
  }
  const [low, high] = ADDRESSES[field as keyof typeof ADDRESSES];
  mapping[low] = lo;
  mapping[high] = hi;
}

/**
 * Repairs what some .NET profilers write: every function has the id 0, and function i belongs to location i, which has
 * one line. Call it with `lineFunction` still as ids, `lineCount` of them, and the functions numbered from 1.
 * Throws `MalformedProfileError` for any other profile with a function without id.
 */
function numberFunctions(columns: ProfileColumns, lineCount: number, withoutId: number): void {
  const { functionCount, locationCount, lineStart, lineFunction } = columns;
  let isRepairable =
    withoutId === functionCount && functionCount === locationCount && lineCount === locationCount;
  for (let location = 0; location < locationCount && isRepairable; location++) {
    isRepairable = lineStart[location] === location && lineFunction[location] === 0;
  }
  if (!isRepairable) {
    throw new MalformedProfileError('Not a valid profile: a function has no id, or the reserved id 0.');
  }
  for (let location = 0; location < locationCount; location++) lineFunction[location] = location + 1;
}
