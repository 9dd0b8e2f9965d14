type NumberArray = Uint8Array | Uint32Array | Float64Array | BigInt64Array;

/** How an answer becomes an entry: a header of plain values, and arrays of numbers as they are. */
export interface EntryLayout<T, Header extends object> {
  /** Before a change of the layout, or of what its values mean, this must change. */
  readonly layout: number;
  /** Undefined for an answer that is not to be cached. */
  readonly pack: (
    answer: Exclude<T, undefined>,
  ) => { readonly header: Header; readonly arrays: readonly NumberArray[] } | undefined;
  /** `body` has the arrays one after the other. Undefined where it is not as long as the header says. */
  readonly unpack: (header: Header, body: ArrayBuffer) => T | undefined;
}

interface Validity {
  readonly layout: number;
  /** Of the profiles that the answer is about. */
  readonly version: string;
}

const LENGTH_BYTES = 4;

/** The bytes of an entry: length of the header, the header as JSON, the arrays. */
export function encodeEntry<T, Header extends object>(
  { layout, pack }: EntryLayout<T, Header>,
  answer: Exclude<T, undefined>,
  version: string,
): Buffer | undefined {
  const packed = pack(answer);
  if (packed === undefined) return undefined;
  const json = Buffer.from(JSON.stringify({ ...packed.header, layout, version }));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(json.length);
  const views = packed.arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength));
  return Buffer.concat([length, json, ...views]);
}

/** The answer of an entry; undefined for one of another layout or version, or that ends too early. */
export function decodeEntry<T, Header extends object>(
  { layout, unpack }: EntryLayout<T, Header>,
  bytes: Buffer,
  version: string,
): T | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + bytes.readUInt32LE();
  if (bytes.length < end) return undefined;
  const {
    layout: storedLayout,
    version: storedVersion,
    ...header
  } = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end)) as Header & Validity;
  if (storedLayout !== layout || storedVersion !== version) return undefined;
  // A copy, since views need whole multiples of their size as offsets.
  return unpack(header as unknown as Header, new Uint8Array(bytes.subarray(end)).buffer);
}
