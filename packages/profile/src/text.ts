// The two encoders that every JavaScript runtime has, declared here because this package compiles without DOM and Node types.
declare const TextDecoder: new (
  label: string,
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };
declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** The text of `bytes[start, end)`; every ill-formed sequence becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  return start >= end ? '' : decoder.decode(bytes.subarray(start, end));
}

/** UTF-8 of `text`; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** The largest end `<= start + maxBytes` of `bytes[start, end)` that does not split a UTF-8 character. */
export function boundedEnd(bytes: Uint8Array, start: number, end: number, maxBytes: number): number {
  if (end - start <= maxBytes) return end;
  let cut = start + maxBytes;
  const earliest = Math.max(start, cut - 3);
  while (cut > earliest && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--;
  return cut;
}

/** Controls and line ends, what is drawn as nothing, what turns the text around it, and halves of characters. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u3164\uffa0]/gu;
const HIDDEN_ANYWHERE = new RegExp(HIDDEN.source, 'u');

/**
 * A text of strangers as it is shown to people: what cannot be seen, or changes how other characters look, is written as
 * `\u202e`. For display alone; what is stored, sent or compared stays as it is.
 */
export function visibleText(text: string): string {
  if (!HIDDEN_ANYWHERE.test(text)) return text;
  return text.replace(HIDDEN, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const digits = code.toString(16).padStart(4, '0');
    return code > 0xffff ? `\\u{${digits}}` : `\\u${digits}`;
  });
}
