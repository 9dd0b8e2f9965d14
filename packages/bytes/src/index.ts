export { ByteReader } from './byte-reader.ts';
export { ByteWriter } from './byte-writer.ts';
export { grown, powerOfTwoFor } from './growing-array.ts';
export { PairTable } from './pair-table.ts';
export { Uint32List } from './uint32-list.ts';
export { boundedEnd, decodeUtf8, encodeUtf8, sortByBytes } from './utf8.ts';
export { writeVarint } from './varint.ts';
