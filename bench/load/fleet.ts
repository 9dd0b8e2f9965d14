import { randomFrom } from './variants.ts';

/** Values of one profile of one series. */
export interface GeneratedProfile {
  readonly stackIdLo: Uint32Array;
  readonly stackIdHi: Uint32Array;
  readonly values: Float64Array;
  readonly total: number;
}

interface Shape {
  /** Profile type id. */
  readonly type: string;
  readonly kind: 'interval' | 'gauge';
  /** Stacks that the service has of this type. */
  readonly stacks: number;
  /** How unevenly they are hit. */
  readonly exponent: number;
  /** Hits per profile; of a level that drifts, how many stacks it has. */
  readonly hits: number;
  readonly isLevel: boolean;
  /** The value of one hit. */
  readonly unit: (random: () => number) => number;
}

const BYTES = [16, 32, 48, 64, 96, 128, 256, 512, 1024, 4096];

/** The five profile types of the study that the schema comes from, with as many stacks and as uneven. */
export const SHAPES: readonly Shape[] = [
  {
    type: 'process_cpu:cpu:nanoseconds:cpu:nanoseconds',
    kind: 'interval',
    stacks: 5000,
    exponent: 1.1,
    hits: 800,
    isLevel: false,
    unit: () => 10_000_000,
  },
  {
    type: 'memory:alloc_space:bytes:space:bytes',
    kind: 'interval',
    stacks: 3000,
    exponent: 1.1,
    hits: 850,
    isLevel: false,
    unit: (random) => 524_288 + (BYTES[Math.floor(random() * BYTES.length)] ?? 16),
  },
  {
    type: 'memory:inuse_space:bytes:space:bytes',
    kind: 'gauge',
    stacks: 3000,
    exponent: 1,
    hits: 250,
    isLevel: true,
    unit: (random) => (BYTES[Math.floor(random() * BYTES.length)] ?? 16) * 1024,
  },
  {
    type: 'goroutines:goroutine:count:goroutine:count',
    kind: 'gauge',
    stacks: 400,
    exponent: 1,
    hits: 60,
    isLevel: true,
    unit: () => 1,
  },
  {
    type: 'mutex:delay:nanoseconds:contentions:count',
    kind: 'interval',
    stacks: 400,
    exponent: 1.2,
    hits: 100,
    isLevel: false,
    unit: (random) => 1000 + Math.floor(random() * 1e6),
  },
];

/** The stacks of one service and type, ordered by id, and the profiles that one pod makes of them. */
export class StackSource {
  readonly #shape: Shape;
  readonly #random: () => number;
  readonly #idLo: Uint32Array;
  readonly #idHi: Uint32Array;
  readonly #byRank: Uint32Array;
  readonly #cumulative: Float64Array;
  readonly #counts: Float64Array;

  constructor(shape: Shape, serviceSeed: number, podSeed: number) {
    const random = randomFrom(serviceSeed);
    const { stacks, exponent } = shape;
    const ids = Array.from({ length: stacks }, () => [random() * 2 ** 32, random() * 2 ** 32] as const);
    const sorted = ids.toSorted((a, b) => Math.floor(a[1]) - Math.floor(b[1]) || a[0] - b[0]);
    this.#shape = shape;
    this.#idLo = Uint32Array.from(sorted, ([lo]) => lo);
    this.#idHi = Uint32Array.from(sorted, ([, hi]) => hi);
    this.#byRank = Uint32Array.from(
      Array.from({ length: stacks }, (_, stack) => [random(), stack] as const)
        .toSorted(([a], [b]) => a - b)
        .map(([, stack]) => stack),
    );
    let sum = 0;
    this.#cumulative = Float64Array.from(
      { length: stacks },
      (_, rank) => (sum += 1 / (rank + 1) ** exponent),
    );
    this.#random = randomFrom(podSeed);
    this.#counts = new Float64Array(stacks);
    if (shape.isLevel) {
      for (let rank = 0; rank < shape.hits; rank++) {
        this.#counts[this.#byRank[rank] ?? 0] = 1 + Math.floor((this.#random() * 2000) / (rank + 1));
      }
    }
  }

  /** Ids of all its stacks, ascending; sources of one seed and number of stacks have the same. */
  get stackIds(): { readonly lo: Uint32Array; readonly hi: Uint32Array } {
    return { lo: this.#idLo, hi: this.#idHi };
  }

  next(): GeneratedProfile {
    const values = this.#shape.isLevel ? this.#drifted() : this.#drawn();
    const stacks: number[] = [];
    values.forEach((value, stack) => value !== 0 && stacks.push(stack));
    const kept = Float64Array.from(stacks, (stack) => values[stack] ?? 0);
    return {
      stackIdLo: Uint32Array.from(stacks, (stack) => this.#idLo[stack] ?? 0),
      stackIdHi: Uint32Array.from(stacks, (stack) => this.#idHi[stack] ?? 0),
      values: kept,
      total: kept.reduce((sum, value) => sum + value, 0),
    };
  }

  /** Hits drawn by how likely each stack is. */
  #drawn(): Float64Array {
    const values = new Float64Array(this.#shape.stacks);
    for (let hit = 0; hit < this.#shape.hits; hit++) {
      const stack = this.#byRank[this.#rankAt(this.#random())] ?? 0;
      values[stack] = (values[stack] ?? 0) + this.#shape.unit(this.#random);
    }
    return values;
  }

  /** The same stacks as before, one in five with another count. */
  #drifted(): Float64Array {
    const counts = this.#counts;
    counts.forEach((count, stack) => {
      if (count === 0 || this.#random() > 0.2) return;
      counts[stack] = Math.max(1, Math.round(count * (0.95 + this.#random() * 0.1) + this.#random() - 0.5));
    });
    const unit = this.#shape.unit(() => 0.5);
    return counts.map((count) => count * unit);
  }

  #rankAt(share: number): number {
    const wanted = share * (this.#cumulative.at(-1) ?? 0);
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#cumulative[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
