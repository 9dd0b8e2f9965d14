type NumberArray = Uint8Array | Uint32Array | Float64Array | BigInt64Array;

/** Numbers with a header as bytes: length of the header, the header as JSON, and the arrays as they are. */
export function packKept(header: object, arrays: readonly NumberArray[]): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const views = arrays.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength));
  return Buffer.concat([length, json, ...views]);
}

/** The header and the bytes of the arrays; undefined for bytes that end too early. */
export function unpackKept(bytes: Buffer): { header: unknown; body: ArrayBuffer } | undefined {
  if (bytes.length < 4) return undefined;
  const end = 4 + bytes.readUInt32LE();
  if (bytes.length < end) return undefined;
  // A copy, since views need whole multiples of their size as offsets.
  const body = new Uint8Array(bytes.subarray(end)).buffer;
  return { header: JSON.parse(bytes.toString('utf8', 4, end)) as unknown, body };
}
