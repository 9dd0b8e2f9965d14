import { InvalidSelectorError } from '../errors.ts';
import { parseProfileType, type ProfileType } from '../profile-type.ts';
import { quoteLabelValue } from './label-set.ts';

export type MatcherOp = '=' | '!=' | '=~' | '!~';

/** One condition on a label. Regular expressions match the whole value; a missing label counts as the empty value. */
export interface Matcher {
  readonly name: string;
  readonly op: MatcherOp;
  readonly value: string;
}

/** What to read: a profile type, where one was named, and conditions that must all hold. */
export interface Selector {
  readonly profileType?: ProfileType;
  readonly matchers: readonly Matcher[];
}

export const MAX_SELECTOR_LENGTH = 8192;
export const MAX_MATCHERS = 64;
/** A matcher on this name selects the profile type, as in Pyroscope. */
export const LABEL_PROFILE_TYPE = '__profile_type__';

/**
 * Parses `type{a="b",c=~"d.*"}`, `type` or `{…}`: PromQL's matchers after a profile type id.
 * Values are in double or single quotes (with escapes) or in backticks (without).
 * Throws `InvalidSelectorError` that names the position, counted from 1.
 */
export function parseSelector(text: string): Selector {
  if (text.length > MAX_SELECTOR_LENGTH) {
    throw new InvalidSelectorError(
      `The selector has ${text.length} characters; ${MAX_SELECTOR_LENGTH} are allowed.`,
    );
  }
  return new SelectorParser(text).parse();
}

/** The text that `parseSelector` reads back. */
export function formatSelector(selector: Selector): string {
  const matchers = selector.matchers.map(({ name, op, value }) => `${name}${op}${quoteLabelValue(value)}`);
  return `${selector.profileType?.id ?? ''}{${matchers.join(',')}}`;
}

const NAME = /[A-Za-z_][A-Za-z0-9_.]*/y;
const OP = /=~|!~|!=|=/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  '"': '"',
  "'": "'",
  '`': '`',
  n: '\n',
  r: '\r',
  t: '\t',
};

class SelectorParser {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Selector {
    const open = this.#text.indexOf('{');
    const typeText = (open === -1 ? this.#text : this.#text.slice(0, open)).trim();
    if (typeText === '' && open === -1) throw new InvalidSelectorError('The selector is empty.');
    const leading = typeText === '' ? undefined : parseProfileType(typeText);
    if (open === -1) return selectorOf(leading, []);
    this.#at = open + 1;
    const matchers = this.#matchers();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected('the end');
    return this.#withoutTypeMatcher(leading, matchers);
  }

  #matchers(): Matcher[] {
    const matchers: Matcher[] = [];
    for (;;) {
      this.#skipSpace();
      if (this.#take('}')) return matchers;
      if (matchers.length === MAX_MATCHERS) {
        throw new InvalidSelectorError(`A selector can have ${MAX_MATCHERS} matchers; this one has more.`);
      }
      matchers.push(this.#matcher());
      this.#skipSpace();
      if (this.#take(',')) continue;
      if (!this.#take('}')) throw this.#unexpected('"," or "}"');
      return matchers;
    }
  }

  #matcher(): Matcher {
    const name = this.#match(NAME, 'a label name');
    this.#skipSpace();
    const op = this.#match(OP, '=, !=, =~ or !~') as MatcherOp;
    this.#skipSpace();
    return { name, op, value: this.#quoted() };
  }

  #quoted(): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'" && quote !== '`') throw this.#unexpected('a quoted value');
    const opened = this.#at++;
    let value = '';
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#failure('The value that opens here is never closed', opened);
      this.#at++;
      if (char === quote) return value;
      value += char === '\\' && quote !== '`' ? this.#escape() : char;
    }
  }

  #escape(): string {
    const char = this.#text[this.#at] ?? '';
    const escaped = Object.hasOwn(ESCAPES, char) ? ESCAPES[char] : undefined;
    if (escaped === undefined) {
      throw this.#failure(
        `"\\${char}" is not an escape`,
        this.#at - 1,
        'Write \\\\ for a backslash, or put the value in backticks.',
      );
    }
    this.#at++;
    return escaped;
  }

  #withoutTypeMatcher(leading: ProfileType | undefined, matchers: readonly Matcher[]): Selector {
    let profileType = leading;
    const rest: Matcher[] = [];
    for (const matcher of matchers) {
      if (matcher.name !== LABEL_PROFILE_TYPE) {
        rest.push(matcher);
        continue;
      }
      if (matcher.op !== '=') {
        throw new InvalidSelectorError(`${LABEL_PROFILE_TYPE} can only be matched with "=".`);
      }
      const named = parseProfileType(matcher.value);
      if (profileType !== undefined && profileType.id !== named.id) {
        throw new InvalidSelectorError(
          `The selector names two profile types: ${profileType.id} and ${named.id}.`,
        );
      }
      profileType = named;
    }
    return selectorOf(profileType, rest);
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp, expected: string): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw this.#unexpected(expected);
    this.#at += found.length;
    return found;
  }

  #unexpected(expected: string): InvalidSelectorError {
    const found = this.#text[this.#at];
    const what = found === undefined ? 'the text ends' : `there is ${JSON.stringify(found)}`;
    return this.#failure(`Expected ${expected}, but ${what}`, this.#at);
  }

  #failure(message: string, at: number, hint?: string): InvalidSelectorError {
    return new InvalidSelectorError(`${message} at position ${at + 1}.`, hint);
  }
}

function selectorOf(profileType: ProfileType | undefined, matchers: readonly Matcher[]): Selector {
  return profileType === undefined ? { matchers } : { profileType, matchers };
}
