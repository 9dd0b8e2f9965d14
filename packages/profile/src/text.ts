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
