import { Hasher64, saltOf, type Hash64 } from '../hash64.ts';
import type { LabelSet } from './label-set.ts';

/** The 64-bit identity of a label set within a tenant; independent of the order the labels came in. */
export function fingerprintOf(tenant: string, labels: LabelSet): Hash64 {
  const hasher = new Hasher64().start(saltOf(tenant)).addWord(labels.size);
  for (const [name, value] of labels.entries()) hasher.addString(name).addString(value);
  return hasher.finish().toHash64();
}
