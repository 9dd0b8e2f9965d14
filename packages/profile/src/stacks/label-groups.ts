import { grown } from '@everflame/bytes';
import { Hasher64, hashStrings, type Hash64 } from '../hash64.ts';
import { isLabelName } from '../labels/validate-labels.ts';
import { KeyTable } from './key-table.ts';
import { ProfileColumns } from '../formats/profile-columns.ts';

/** Labels that are different on nearly every sample, compared without case and punctuation. */
const UNIQUE_LABELS = new Set([
  'traceid',
  'spanid',
  'parentspanid',
  'rootspanid',
  'localrootspanid',
  'profileid',
  'pyroscopeprofileid',
  'requestid',
  'threadid',
  'osthreadid',
  'tid',
  'goroutine',
  'goroutineid',
  'goid',
]);
/** Labels of pprof's own and what OpenTelemetry attaches to link samples with spans. */
const DROPPED_PREFIX = /^(?:pprof::|otel[._])/i;
const MAX_LABELS_PER_SAMPLE = 16;
const MAX_NAME_LENGTH = 128;
const MAX_VALUE_LENGTH = 1024;

/** Whether a label of samples is left out of the label set: ids of traces, spans, threads, and pprof's own labels. */
export function isDroppedLabel(name: string): boolean {
  return DROPPED_PREFIX.test(name) || UNIQUE_LABELS.has(name.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

/** A valid label name for the key of a pprof label, such as `thread_name` for `thread name`; empty when there is none. */
export function labelNameOf(key: string): string {
  if (isLabelName(key) && key.length <= MAX_NAME_LENGTH) return key;
  const name = key.slice(0, MAX_NAME_LENGTH).replace(/[^A-Za-z0-9_.]/g, '_');
  return isLabelName(name) ? name : name === '' ? '' : `_${name}`.slice(0, MAX_NAME_LENGTH);
}

/** A name or value of labels, cleaned and hashed. */
interface LabelText {
  readonly text: string;
  readonly hash: Hash64;
}

/**
 * Gives each sample a key of its string labels: a hash that does not depend on their order. Numeric labels, labels
 * with values of their own for nearly every sample, and empty ones do not count. Pooled: valid until the next `reset`.
 */
export class LabelGroups {
  /** The key of the last `readKey`. */
  lo = 0;
  hi = 0;
  #columns = new ProfileColumns();
  /** By the index of the key; undefined for labels that do not count. */
  readonly #names = new Map<number, LabelText | undefined>();
  readonly #values = new Map<number, LabelText>();
  readonly #hasher = new Hasher64();
  readonly #sets = new KeyTable();
  #groupOfSet = new Uint32Array(64);
  #labels: (readonly (readonly [string, string])[])[] = [[]];
  #groupOfText = new Map<string, number>();
  #maxGroups = 0;
  #merged = 0;

  reset(columns: ProfileColumns, maxLabelSets: number): void {
    this.#columns = columns;
    this.#names.clear();
    this.#values.clear();
    this.#sets.reset(columns.sampleCount);
    this.#labels = [[]];
    this.#groupOfText = new Map([['[]', 0]]);
    this.#maxGroups = maxLabelSets;
    this.#merged = 0;
  }

  /** The labels of each group; group 0 is the one without labels. */
  get labels(): readonly (readonly (readonly [string, string])[])[] {
    return this.#labels;
  }

  /** Distinct label sets that were put into group 0 because there are too many, or because they are too large. */
  get merged(): number {
    return this.#merged;
  }

  /** The group of a sample. */
  groupOf(sample: number): number {
    const count = this.readKey(sample);
    if (count === 0) return 0;
    const known = this.#sets.count;
    const set = this.#sets.add(this.lo, this.hi, 0);
    if (set === known) {
      this.#groupOfSet = grown(this.#groupOfSet, set + 1);
      this.#groupOfSet[set] = this.#newGroup(sample, count);
    }
    return this.#groupOfSet[set] as number;
  }

  /** Sets `lo` and `hi` to the key of a sample and returns how many labels count. */
  readKey(sample: number): number {
    this.lo = 0;
    this.hi = 0;
    const columns = this.#columns;
    const end = columns.labelStart[sample + 1] as number;
    let count = 0;
    for (let label = columns.labelStart[sample] as number; label < end; label++) {
      const value = columns.labelString[label] as number;
      if (value === 0 || columns.strings.isEmpty(value)) continue;
      const name = this.#nameOf(columns.labelKey[label] as number);
      if (name === undefined) continue;
      const text = this.#valueOf(value).hash;
      const hasher = this.#hasher.start(name.hash).addWord(text.lo).addWord(text.hi).finish();
      this.lo = (this.lo + hasher.lo) | 0;
      this.hi = (this.hi + hasher.hi) | 0;
      count++;
    }
    return count;
  }

  #newGroup(sample: number, count: number): number {
    if (count > MAX_LABELS_PER_SAMPLE || this.#labels.length > this.#maxGroups) {
      this.#merged++;
      return 0;
    }
    const labels = this.#labelsOf(sample);
    const text = JSON.stringify(labels);
    const known = this.#groupOfText.get(text);
    if (known !== undefined) return known;
    const group = this.#labels.push(labels) - 1;
    this.#groupOfText.set(text, group);
    return group;
  }

  /** Several values of one name are joined with commas. */
  #labelsOf(sample: number): (readonly [string, string])[] {
    const columns = this.#columns;
    const valuesOf = new Map<string, Set<string>>();
    const end = columns.labelStart[sample + 1] as number;
    for (let label = columns.labelStart[sample] as number; label < end; label++) {
      const value = columns.labelString[label] as number;
      if (value === 0 || columns.strings.isEmpty(value)) continue;
      const name = this.#nameOf(columns.labelKey[label] as number)?.text;
      if (name === undefined) continue;
      const values = valuesOf.get(name) ?? new Set();
      valuesOf.set(name, values.add(this.#valueOf(value).text));
    }
    return [...valuesOf]
      .map(([name, values]) => [name, [...values].toSorted().join(',').slice(0, MAX_VALUE_LENGTH)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The name of a label, unless labels of that name do not count. */
  #nameOf(key: number): LabelText | undefined {
    const known = this.#names.get(key);
    if (known !== undefined || this.#names.has(key)) return known;
    const name = this.#columns.strings.get(key, 4 * MAX_NAME_LENGTH);
    const text = isDroppedLabel(name) ? '' : labelNameOf(name);
    const counted = text === '' ? undefined : { text, hash: hashStrings([text]) };
    this.#names.set(key, counted);
    return counted;
  }

  #valueOf(index: number): LabelText {
    const known = this.#values.get(index);
    if (known !== undefined) return known;
    const text = this.#columns.strings.get(index, 4 * MAX_VALUE_LENGTH).slice(0, MAX_VALUE_LENGTH);
    const value = { text, hash: hashStrings([text]) };
    this.#values.set(index, value);
    return value;
  }
}
