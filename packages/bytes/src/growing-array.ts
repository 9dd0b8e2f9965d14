type Growing =
  | Uint8Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** Returns `array`, or a copy at least `needed` long; it grows by doubling, so that appending stays linear. */
export function grown<T extends Growing>(array: T, needed: number): T {
  if (array.length >= needed) return array;
  const Type = array.constructor as new (length: number) => T;
  const copy = new Type(Math.max(needed, array.length * 2));
  copy.set(array);
  return copy;
}

/** Returns the smallest power of two that is at least `count`, and at least 16. */
export function powerOfTwoFor(count: number): number {
  let size = 16;
  while (size < count) size *= 2;
  return size;
}
