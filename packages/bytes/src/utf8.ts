/** Browsers and Node both have these; the pure packages are compiled with no environment's types. */
declare const TextDecoder: new (
  label: string,
  options: { readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };
declare const TextEncoder: new () => {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { readonly written: number };
};

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Texts of up to this many bytes are read byte by byte: they are read sooner than the decoder is called. */
const SHORT_BYTES = 16;

/** Returns the text of `bytes[start, end)`; every ill-formed sequence becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  const short = end - start <= SHORT_BYTES ? decodeAscii(bytes, start, end) : undefined;
  return short ?? decoder.decode(bytes.subarray(start, end));
}

function decodeAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  for (let offset = start; offset < end; offset++) {
    const code = bytes[offset] as number;
    if (code >= 0x80) return undefined;
    text += String.fromCharCode(code);
  }
  return text;
}

/** Returns the UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Writes the UTF-8 bytes of `text` from `start` on, where there must be room for them, and returns their number. */
export function writeUtf8(bytes: Uint8Array, start: number, text: string): number {
  return encoder.encodeInto(text, bytes.subarray(start)).written;
}

/** Returns the largest end `<= start + maxBytes` of `bytes[start, end)` that does not split a UTF-8 character. */
export function boundedEnd(bytes: Uint8Array, start: number, end: number, maxBytes: number): number {
  if (end - start <= maxBytes) return end;
  let cut = start + maxBytes;
  const earliest = Math.max(start, cut - 3);
  while (cut > earliest && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--;
  return cut;
}

const HAS_SURROGATE = /[\ud800-\udfff]/;

/** Returns the texts in the order of their UTF-8 bytes. */
export function sortByBytes(texts: readonly string[]): string[] {
  // The order of code units is that of bytes, except where surrogates meet U+E000 and above.
  const hasSurrogates = texts.some((text) => HAS_SURROGATE.test(text));
  return hasSurrogates ? texts.toSorted(compareCodePoints) : texts.toSorted();
}

function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return byCodePoint(x) - byCodePoint(y);
  }
  return a.length - b.length;
}

/** Moves surrogates, which stand for U+10000 and above, behind all other code units. */
function byCodePoint(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
