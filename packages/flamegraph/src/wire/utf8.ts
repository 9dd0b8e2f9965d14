/** UTF-8 bytes of a text; a surrogate without its partner becomes U+FFFD, as `TextEncoder` does. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length * 3);
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    if (code >= 0xd800 && code <= 0xdfff) {
      code = text.codePointAt(index) ?? 0xfffd;
      if (code > 0xffff) index++;
      else code = 0xfffd;
    }
    if (code < 0x800) bytes[at++] = 0xc0 | (code >> 6);
    else {
      if (code < 0x1_0000) bytes[at++] = 0xe0 | (code >> 12);
      else {
        bytes[at++] = 0xf0 | (code >> 18);
        bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
      }
      bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (code & 0x3f);
  }
  return bytes.slice(0, at);
}

const FIRST_OF_LENGTH = [0, 0, 0x80, 0x800, 0x1_0000];

/** Text of UTF-8 bytes; each byte that is not part of a valid sequence becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  const units: number[] = [];
  for (let at = from; at < to;) {
    const first = bytes[at] as number;
    const length =
      first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    const code = length === 1 ? first : sequenceAt(bytes, at, to, length);
    at += code < 0 ? 1 : length;
    if (code > 0xffff) units.push(0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
    else units.push(code < 0 ? 0xfffd : code);
    if (units.length > 4096) text += String.fromCharCode(...units.splice(0));
  }
  return text + String.fromCharCode(...units);
}

/** The code point of a sequence of 2 to 4 bytes, -1 when it is not one. */
function sequenceAt(bytes: Uint8Array, at: number, to: number, length: number): number {
  if (length === 0 || at + length > to) return -1;
  let code = (bytes[at] as number) & (0xff >> (length + 1));
  for (let index = at + 1; index < at + length; index++) {
    const byte = bytes[index] as number;
    if ((byte & 0xc0) !== 0x80) return -1;
    code = (code << 6) | (byte & 0x3f);
  }
  const isValid =
    code >= (FIRST_OF_LENGTH[length] as number) && code <= 0x10_ffff && (code < 0xd800 || code > 0xdfff);
  return isValid ? code : -1;
}

const HAS_SURROGATE = /[\ud800-\udfff]/;

/** The texts in the order of their UTF-8 bytes. */
export function sortByBytes(texts: readonly string[]): string[] {
  // Code unit order is byte order except where surrogates meet U+E000 and above.
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
