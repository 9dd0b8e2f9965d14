import { ByteReader, ByteWriter } from '@everflame/bytes';
import { SymbolTable } from '../symbol-table.ts';
import { finishTree, type CallTree } from '../tree/call-tree.ts';
import { type Scratch, withScratch } from '../tree/scratch.ts';
import { nameBytesOf } from './name-bytes.ts';
import { nameCodes, readNameCodes } from './name-codes.ts';
import { malformedTree, parentsOf, usedSymbols } from './tree-columns.ts';

/** Media type of `encodeTree`'s bytes. */
export const TREE_MEDIA_TYPE = 'application/vnd.flame.v1';

const MAGIC = [0x46, 0x4c, 0x4d, 0x45];
const VERSION = 2;
const HAS_RIGHT = 1;
const LEFT_IS_DOUBLE = 2;
const RIGHT_IS_DOUBLE = 4;
/** Of nodes and names before compression, with room to spare. */
const BYTES_PER_NODE = 24;
const MAX_NODES = 16_000_000;
/** The largest magnitude whose zigzag form is still an exact double. */
const MAX_ZIGZAG = 2 ** 52;

/**
 * A tree and a JSON header as bytes:
 *
 *     "FLME" version:u8 flags:u8 header:text
 *     fileCount file:text…            (the empty file is number 0 and not written)
 *     nameCount (name:text file)…     (the empty name is number 0 and not written)
 *     nodeCount level…                zigzag, as difference from the node before; the root's is not written
 *     name…                           a code per node, see `nameCodes`
 *     cutCount (distance cut)…        stand-ins alone, by distance from the one before
 *     self… selfRight…                zigzag, or little-endian doubles where a value is not a whole number ≤ 2^52
 *
 * Numbers are varints, a text is its length in bytes and UTF-8. Totals are not sent: they follow
 * from self, exactly for whole numbers and to the last digit for fractions.
 */
export function encodeTree(tree: CallTree, header: object): Uint8Array<ArrayBuffer> {
  return withScratch((scratch) => encodeIn(scratch, tree, header));
}

function encodeIn(scratch: Scratch, tree: CallTree, header: object): Uint8Array<ArrayBuffer> {
  const right = tree.selfRight;
  const isLeftDouble = !areSmallIntegers(tree.self);
  const isRightDouble = right !== undefined && !areSmallIntegers(right);
  const writer = new ByteWriter(scratch.uint8(tree.count * BYTES_PER_NODE + 4096));
  for (const byte of MAGIC) writer.byte(byte);
  writer.byte(VERSION);
  writer.byte(
    (right === undefined ? 0 : HAS_RIGHT) |
      (isLeftDouble ? LEFT_IS_DOUBLE : 0) |
      (isRightDouble ? RIGHT_IS_DOUBLE : 0),
  );
  writer.text(JSON.stringify(header));
  const { used, nameOf } = usedSymbols(tree, scratch);
  writeNames(writer, tree.symbols, used, scratch);
  writer.varint(tree.count);
  writer.zigzags(differences(tree.level, scratch).subarray(1));
  writer.varints(nameCodes(nameOf, tree.parent, used.length, scratch));
  writeCuts(writer, tree.cut);
  writeValues(writer, tree.self, isLeftDouble);
  if (right !== undefined) writeValues(writer, right, isRightDouble);
  return writer.finish();
}

/**
 * Reads `encodeTree`'s bytes; the tree has symbols of its own. Memory is bounded by the number of bytes. Throws
 * `malformed_tree` for anything else. The header is an object that the caller has to validate.
 */
export function decodeTree(bytes: Uint8Array): { tree: CallTree; header: Record<string, unknown> } {
  const reader = new ByteReader(bytes, malformedTree);
  if (MAGIC.some((byte) => reader.byte() !== byte)) throw malformedTree('the first bytes are wrong');
  const version = reader.byte();
  if (version !== VERSION) throw malformedTree(`version ${version} is not known`);
  const flags = reader.byte();
  const header = parseHeader(reader.text());
  const symbols = new SymbolTable();
  const ids = readNames(reader, symbols);
  const count = reader.count(2);
  if (count === 0 || count > MAX_NODES) throw malformedTree(`${count} nodes`);
  const level = new Float64Array(count);
  for (let node = 1; node < count; node++) level[node] = (level[node - 1] as number) + reader.zigzag();
  const parent = parentsOf(level);
  const symbol = readNameCodes(reader, parent, ids.length).map((name) => ids[name] as number);
  const cut = readCuts(reader, count);
  const self = readValues(reader, count, (flags & LEFT_IS_DOUBLE) !== 0);
  const parts = { symbols, symbol, parent, self, cut };
  const isDiff = (flags & HAS_RIGHT) !== 0;
  const selfRight = isDiff ? readValues(reader, count, (flags & RIGHT_IS_DOUBLE) !== 0) : undefined;
  if (reader.left > 0) throw malformedTree('bytes are left over');
  return { tree: finishTree(selfRight === undefined ? parts : { ...parts, selfRight }), header };
}

function writeNames(
  writer: ByteWriter,
  symbols: SymbolTable,
  used: readonly number[],
  scratch: Scratch,
): void {
  const numbers = scratch.uint32(symbols.fileCount);
  const files: number[] = [];
  for (const id of used) {
    const file = symbols.fileId(id);
    if (file !== 0 && numbers[file] === 0) numbers[file] = files.push(file);
  }
  writer.varint(files.length + 1);
  for (const file of files) writer.text(symbols.fileName(file));
  writer.varint(used.length);
  const names = nameBytesOf(symbols);
  for (const id of used) {
    if (id === 0) continue;
    names.write(writer, id);
    writer.varint(numbers[symbols.fileId(id)] as number);
  }
}

/** Each number less the one before; the first as it is. */
function differences(values: Uint32Array, scratch: Scratch): Int32Array {
  const found = scratch.int32(values.length);
  let before = 0;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    found[index] = value - before;
    before = value;
  }
  return found;
}

/** Symbol ids by name number. */
function readNames(reader: ByteReader, symbols: SymbolTable): number[] {
  const files = [''];
  const fileCount = reader.count(1);
  for (let index = 1; index < fileCount; index++) files.push(reader.text());
  const ids = [0];
  const nameCount = reader.count(2);
  for (let index = 1; index < nameCount; index++) {
    const name = reader.text();
    const file = files[reader.varint()];
    if (file === undefined) throw malformedTree(`name ${index} has an unknown file`);
    ids.push(symbols.intern(name, file));
  }
  return ids;
}

function writeCuts(writer: ByteWriter, cut: Uint32Array): void {
  let cuts = 0;
  for (let node = 0; node < cut.length; node++) if ((cut[node] as number) > 0) cuts++;
  writer.varint(cuts);
  let last = 0;
  for (let node = 0; node < cut.length; node++) {
    if (cut[node] === 0) continue;
    writer.varint(node - last);
    writer.varint(cut[node] as number);
    last = node;
  }
}

function readCuts(reader: ByteReader, count: number): Uint32Array {
  const cut = new Uint32Array(count);
  const cuts = reader.count(2);
  for (let index = 0, node = 0; index < cuts; index++) {
    node += reader.varint();
    const nodes = reader.varint();
    if (node >= count || nodes > 0xffff_ffff) throw malformedTree('a stand-in is out of range');
    cut[node] = nodes;
  }
  return cut;
}

function areSmallIntegers(values: Float64Array): boolean {
  for (let node = 0; node < values.length; node++) {
    const value = values[node] as number;
    if (!Number.isInteger(value) || Math.abs(value) > MAX_ZIGZAG) return false;
  }
  return true;
}

function writeValues(writer: ByteWriter, values: Float64Array, isDouble: boolean): void {
  if (isDouble) writer.doubles(values);
  else writer.zigzags(values);
}

function readValues(reader: ByteReader, count: number, isDouble: boolean): Float64Array {
  if (isDouble) return reader.doubles(count);
  if (count > reader.left) throw malformedTree('it ends too early');
  const values = new Float64Array(count);
  for (let node = 0; node < count; node++) values[node] = reader.zigzag();
  return values;
}

function parseHeader(text: string): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw malformedTree('the header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw malformedTree('the header is not an object');
  }
  return header as Record<string, unknown>;
}
