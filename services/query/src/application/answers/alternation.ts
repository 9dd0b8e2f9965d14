const OPERATORS = /[\\^$.*+?()[\]{}|]/g;

/** A regular expression of RE2 that matches these texts and no others. */
export function alternationOf(texts: readonly string[]): string {
  return texts.map((text) => text.replace(OPERATORS, '\\$&')).join('|');
}
