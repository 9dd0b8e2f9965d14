import type { ByteReader } from '@everflame/bytes';
import type { Scratch } from '../tree/scratch.ts';
import { malformedTree } from './tree-columns.ts';

/*
 * Names of nodes, told by the name of their parent: k > 0 is the k-th name that appeared below a node of that name, 0 a
 * name that did so for the first time, whose number follows. Functions call few others, so that these numbers are small
 * and alike.
 */

/** The codes of the nodes in scratch, given their names by number and their parents; parents come first. */
export function nameCodes(
  names: Uint32Array,
  parents: Int32Array,
  nameCount: number,
  scratch: Scratch,
): Uint32Array {
  const edges = new EdgeRanks(names.length, nameCount, scratch);
  const codes = scratch.uint32(names.length * 2);
  let length = 0;
  for (let node = 0; node < names.length; node++) {
    const above = parents[node] as number;
    const name = names[node] as number;
    const rank = edges.rankOf(above < 0 ? nameCount : (names[above] as number), name);
    codes[length++] = rank;
    if (rank === 0) codes[length++] = name;
  }
  return codes.subarray(0, length);
}

/** Reads what `nameCodes` made; the result has the number of the name of each node. Throws `malformed_tree`. */
export function readNameCodes(reader: ByteReader, parents: Int32Array, nameCount: number): Uint32Array {
  const names = new Uint32Array(parents.length);
  const below: number[][] = [];
  for (let node = 0; node < names.length; node++) {
    const above = parents[node] as number;
    const known = (below[above < 0 ? nameCount : (names[above] as number)] ??= []);
    const rank = reader.varint();
    const name = rank === 0 ? reader.varint() : known[rank - 1];
    if (name === undefined || name >= nameCount) throw malformedTree(`node ${node} has an unknown name`);
    if (rank === 0) known.push(name);
    names[node] = name;
  }
  return names;
}

/** Words of a slot: place of the pair, 0 where the slot is free; the parent's name; the name; unused. */
const WORDS = 4;

/** Pairs of a parent's name and a name, each with its place among those of the same parent's name. */
class EdgeRanks {
  #count = 0;
  #slots: Uint32Array;
  readonly #used: Uint32Array;
  readonly #scratch: Scratch;

  constructor(nodes: number, nameCount: number, scratch: Scratch) {
    let slots = 1024;
    while (slots < nodes && slots < 65_536) slots *= 2;
    this.#slots = scratch.uint32(slots * WORDS);
    this.#used = scratch.uint32(nameCount + 1);
    this.#scratch = scratch;
  }

  /** The place of a pair, from 1; 0 for a new one, which gets the next place. */
  rankOf(parent: number, name: number): number {
    const at = this.#find(parent, name);
    const rank = this.#slots[at] as number;
    if (rank > 0) return rank;
    const place = (this.#used[parent] as number) + 1;
    this.#used[parent] = place;
    this.#put(at, place, parent, name);
    if (++this.#count * 2 * WORDS > this.#slots.length) this.#grow();
    return 0;
  }

  #find(parent: number, name: number): number {
    const slots = this.#slots;
    const mask = slots.length / WORDS - 1;
    const mixed = Math.imul(parent, 0x9e37_79b1) ^ Math.imul(name + 1, 0x85eb_ca6b);
    let slot = (Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d) >>> 7) & mask;
    for (;;) {
      const at = slot * WORDS;
      if (slots[at] === 0 || (slots[at + 1] === parent && slots[at + 2] === name)) return at;
      slot = (slot + 1) & mask;
    }
  }

  #put(at: number, place: number, parent: number, name: number): void {
    this.#slots[at] = place;
    this.#slots[at + 1] = parent;
    this.#slots[at + 2] = name;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = this.#scratch.uint32(before.length * 4);
    for (let from = 0; from < before.length; from += WORDS) {
      const place = before[from] as number;
      if (place === 0) continue;
      const parent = before[from + 1] as number;
      const name = before[from + 2] as number;
      this.#put(this.#find(parent, name), place, parent, name);
    }
  }
}
