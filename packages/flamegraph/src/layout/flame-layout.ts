import type { CallTree } from '../tree/call-tree.ts';

/** What a box is as wide as. `max` and `sum` draw both sides of a diff, so that removed code is seen too. */
export type WidthMode = 'left' | 'right' | 'max' | 'sum';

export interface LayoutOptions {
  /** `left` by default. */
  readonly widthMode?: WidthMode;
  /** Order of siblings: by name (the tree's order, stable between refreshes; the default) or widest first. */
  readonly sort?: 'name' | 'value';
}

/** The part of the width that is seen, in 0 to 1 of the root. */
export interface LayoutView {
  readonly x0: number;
  readonly x1: number;
}

/**
 * Called with a box, or with a run of boxes that are narrower than a pixel: `rowNodes[at .. at + count]`. `x` and
 * `width` are pixels within the view.
 */
export type VisitBox = (at: number, count: number, x: number, width: number) => void;

/** Where the boxes of a tree are: rows by depth, x in 0 to 1 of the root. Boxes without width are in no row. */
export class FlameLayout {
  readonly tree: CallTree;
  /** Number of rows. */
  readonly depth: number;
  /** By node: left edge. */
  readonly start: Float64Array;
  /** By node. */
  readonly width: Float64Array;
  /** Row `r` is `rowNodes[rowOffsets[r] .. rowOffsets[r + 1]]`, from left to right. */
  readonly rowOffsets: Uint32Array;
  readonly rowNodes: Uint32Array;

  constructor(tree: CallTree, options: LayoutOptions = {}) {
    this.tree = tree;
    const weight = weightsOf(tree, options.widthMode ?? 'left');
    const { rowOffsets, rowNodes, start } = placeRows(tree, weight, options.sort === 'value');
    const whole = weight[0] ?? 0;
    for (let node = 0; node < tree.count; node++) {
      start[node] = whole === 0 ? 0 : (start[node] as number) / whole;
      weight[node] = whole === 0 ? 0 : (weight[node] as number) / whole;
    }
    this.start = start;
    this.width = weight;
    this.rowOffsets = rowOffsets;
    this.rowNodes = rowNodes;
    this.depth = rowOffsets.length - 1;
  }

  /** The node at `x` (0 to 1 of the root) of a row, -1 where there is none. */
  hit(row: number, x: number): number {
    const begin = this.rowOffsets[row];
    const end = this.rowOffsets[row + 1];
    if (begin === undefined || end === undefined) return -1;
    const at = this.#firstStartingAfter(x, begin, end) - 1;
    if (at < begin) return -1;
    const node = this.rowNodes[at] as number;
    return x < (this.start[node] as number) + (this.width[node] as number) ? node : -1;
  }

  /**
   * Visits what is seen of a row on `pixels` pixels, from left to right: every box that is a pixel wide or more by
   * itself, and the narrower ones as runs, one per pixel. At most `2 * pixels + 2` visits, however many
   * boxes there are. Returns the number of visits.
   */
  forEachVisible(row: number, view: LayoutView, pixels: number, visit: VisitBox): number {
    const begin = this.rowOffsets[row];
    const end = this.rowOffsets[row + 1];
    if (begin === undefined || end === undefined || !(view.x1 > view.x0) || !(pixels > 0)) return 0;
    const perUnit = pixels / (view.x1 - view.x0);
    let at = this.#firstStartingAfter(view.x0, begin, end);
    if (at > begin && this.#endAt(at - 1) > view.x0) at--;
    let visits = 0;
    while (at < end) {
      const start = this.#startAt(at);
      if (start >= view.x1) break;
      const isWide = (this.width[this.rowNodes[at] as number] as number) * perUnit >= 1;
      const next = isWide ? at + 1 : this.#endOfRun(at, end, view, perUnit);
      const left = Math.max(0, (start - view.x0) * perUnit);
      const right = Math.min(pixels, (this.#endAt(next - 1) - view.x0) * perUnit);
      visit(at, next - at, left, right - left);
      visits++;
      at = next;
    }
    return visits;
  }

  /**
   * For each prefix of `rowNodes` how many of its boxes have a marked symbol: a run at `at` with `count` boxes has
   * `marks[at + count] - marks[at]`.
   */
  countMarks(flags: Uint8Array): Uint32Array {
    const counts = new Uint32Array(this.rowNodes.length + 1);
    for (let at = 0; at < this.rowNodes.length; at++) {
      const symbol = this.tree.symbol[this.rowNodes[at] as number] as number;
      counts[at + 1] = (counts[at] as number) + (flags[symbol] ?? 0);
    }
    return counts;
  }

  /** One past the run of narrow boxes that start in the pixel of box `from`; a wide box among them ends it. */
  #endOfRun(from: number, end: number, view: LayoutView, perUnit: number): number {
    const node = this.rowNodes[from] as number;
    const pixel = Math.floor(((this.start[node] as number) - view.x0) * perUnit);
    const limit = Math.min(view.x1, view.x0 + (pixel + 1) / perUnit);
    let step = 1;
    let low = from;
    while (low + step < end && this.#startAt(low + step) < limit) {
      low += step;
      step *= 2;
    }
    let high = Math.min(end, low + step);
    low++;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#startAt(middle) < limit) low = middle + 1;
      else high = middle;
    }
    // Only the last box that starts in a pixel can be a pixel wide.
    const last = this.rowNodes[low - 1] as number;
    return low - 1 > from && (this.width[last] as number) * perUnit >= 1 ? low - 1 : low;
  }

  #firstStartingAfter(x: number, begin: number, end: number): number {
    let low = begin;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#startAt(middle) <= x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #startAt(at: number): number {
    return this.start[this.rowNodes[at] as number] as number;
  }

  #endAt(at: number): number {
    const node = this.rowNodes[at] as number;
    return (this.start[node] as number) + (this.width[node] as number);
  }
}

/** A node is at least as wide as its children together: with `max`, and where values of both signs meet. */
function weightsOf(tree: CallTree, mode: WidthMode): Float64Array {
  const weight = new Float64Array(tree.count);
  const below = new Float64Array(tree.count);
  for (let node = tree.count - 1; node >= 0; node--) {
    const left = Math.abs(tree.total[node] as number);
    const right = Math.abs(tree.totalRight?.[node] ?? 0);
    const own = { left, right, max: Math.max(left, right), sum: left + right }[mode];
    weight[node] = Math.max(own, below[node] as number);
    if (node === 0) break;
    const above = tree.parent[node] as number;
    below[above] = (below[above] as number) + (weight[node] as number);
  }
  return weight;
}

/** Breadth first, so that rows come out from left to right whatever the order of siblings is. */
function placeRows(tree: CallTree, weight: Float64Array, byValue: boolean) {
  const start = new Float64Array(tree.count);
  const rowNodes = new Uint32Array(tree.count);
  const rowOffsets = [0];
  let filled = tree.count === 0 ? 0 : 1;
  let row = 0;
  while (row < filled) {
    const rowEnd = filled;
    rowOffsets.push(rowEnd);
    for (; row < rowEnd; row++) {
      const node = rowNodes[row] as number;
      const first = filled;
      const end = tree.subtreeEnd[node] as number;
      for (let child = node + 1; child < end; child = tree.subtreeEnd[child] as number) {
        if ((weight[child] as number) > 0) rowNodes[filled++] = child;
      }
      if (byValue && filled - first > 1) {
        rowNodes
          .subarray(first, filled)
          .sort((a, b) => (weight[b] as number) - (weight[a] as number) || a - b);
      }
      let x = start[node] as number;
      for (let at = first; at < filled; at++) {
        const child = rowNodes[at] as number;
        start[child] = x;
        x += weight[child] as number;
      }
    }
  }
  return { rowOffsets: Uint32Array.from(rowOffsets), rowNodes: rowNodes.slice(0, filled), start };
}
