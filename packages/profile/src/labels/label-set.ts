import { Hasher64, saltOf, type Hash64 } from '../hash64.ts';

/** Name of the service that was profiled; the one label that every series has. */
export const LABEL_SERVICE_NAME = 'service_name';
/** One process or host of a service. */
export const LABEL_INSTANCE = 'instance';

/** An immutable set of labels, sorted by name (by UTF-16 code unit) with unique names. */
export class LabelSet implements Iterable<readonly [string, string]> {
  static readonly EMPTY = new LabelSet([]);
  readonly #entries: readonly (readonly [string, string])[];

  /** `entries` are sorted by name, each name once; `of` and `fromEntries` take any. */
  constructor(entries: readonly (readonly [string, string])[]) {
    this.#entries = entries;
  }

  static of(labels: Readonly<Record<string, string>>): LabelSet {
    return LabelSet.fromEntries(Object.entries(labels));
  }

  /** Of several entries with one name the last one counts. */
  static fromEntries(entries: Iterable<readonly [string, string]>): LabelSet {
    const byName = new Map<string, string>(entries);
    const sorted = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return new LabelSet(sorted);
  }

  get size(): number {
    return this.#entries.length;
  }

  get(name: string): string | undefined {
    return this.#entries.find((entry) => entry[0] === name)?.[1];
  }

  /** Sorted by name. */
  entries(): readonly (readonly [string, string])[] {
    return this.#entries;
  }

  [Symbol.iterator](): Iterator<readonly [string, string]> {
    return this.#entries[Symbol.iterator]();
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this.#entries);
  }

  toJSON(): Record<string, string> {
    return this.toObject();
  }

  /** These labels with `labels` added; where a name is in both, `labels` wins. */
  with(labels: LabelSet | Readonly<Record<string, string>>): LabelSet {
    const added = labels instanceof LabelSet ? labels.entries() : Object.entries(labels);
    return added.length === 0 ? this : LabelSet.fromEntries([...this.#entries, ...added]);
  }

  /** `{a="b",c="d"}`; values are quoted as in a selector. */
  toString(): string {
    return `{${this.#entries.map(([name, value]) => `${name}=${quoteLabelValue(value)}`).join(',')}}`;
  }
}

/** A label value in double quotes, with `\`, `"`, and line ends escaped. */
export function quoteLabelValue(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `"${escaped}"`;
}

/** The 64-bit identity of a label set within a tenant; independent of the order the labels came in. */
export function fingerprintOf(tenant: string, labels: LabelSet): Hash64 {
  const hasher = new Hasher64().start(saltOf(tenant)).addWord(labels.size);
  for (const [name, value] of labels.entries()) hasher.addString(name).addString(value);
  return hasher.finish().toHash64();
}
