import { InvalidArgumentError } from '@everflame/profile';
import { SymbolTable } from '../symbol-table.ts';
import { finishTree, type CallTree } from '../tree/call-tree.ts';
import { type Scratch, withScratch } from '../tree/scratch.ts';

/** A call tree as the API's JSON columns: parallel arrays, depth first. `names[0]` is the empty name. */
export interface TreeColumns {
  names: string[];
  /** By name id, '' where unknown. */
  files: string[];
  /** Depth of each node; 0 for the root alone. */
  level: number[];
  /** Name id of each node. */
  name: number[];
  self: number[];
  total: number[];
  selfRight?: number[] | undefined;
  totalRight?: number[] | undefined;
  cut: number[];
}

/** Plain arrays, ready for JSON, with the names that the tree uses. */
export function toColumns(tree: CallTree): TreeColumns {
  return withScratch((scratch) => {
    const { used, nameOf } = usedSymbols(tree, scratch);
    return {
      names: used.map((id) => tree.symbols.name(id)),
      files: used.map((id) => tree.symbols.file(id)),
      level: Array.from(tree.level),
      name: Array.from(nameOf),
      self: Array.from(tree.self),
      total: Array.from(tree.total),
      cut: Array.from(tree.cut),
      ...(tree.selfRight && { selfRight: Array.from(tree.selfRight) }),
      ...(tree.totalRight && { totalRight: Array.from(tree.totalRight) }),
    };
  });
}

interface UsedSymbols {
  /** Symbol ids in order of appearance, 0 first. */
  readonly used: readonly number[];
  /** In scratch: for each node the position of its symbol among them. */
  readonly nameOf: Uint32Array;
}

export function usedSymbols(tree: CallTree, scratch: Scratch): UsedSymbols {
  const positions = scratch.int32(tree.symbols.size).fill(-1);
  const used = [0];
  positions[0] = 0;
  const nameOf = scratch.uint32(tree.count);
  for (let node = 0; node < tree.count; node++) {
    const symbol = tree.symbol[node] as number;
    if (positions[symbol] === -1) positions[symbol] = used.push(symbol) - 1;
    nameOf[node] = positions[symbol] as number;
  }
  return { used, nameOf };
}

/** The tree of columns, with symbols of its own. Throws `malformed_tree` when they do not describe one. */
export function fromColumns(columns: TreeColumns): CallTree {
  const { level, name, self, selfRight, cut } = columns;
  const count = level.length;
  const lengths = [name, self, columns.total, cut, selfRight ?? self, columns.totalRight ?? self];
  if (count === 0 || lengths.some((column) => column.length !== count)) {
    throw malformedTree('columns differ in length or are empty');
  }
  const symbols = new SymbolTable();
  const ids = columns.names.map((text, index) => symbols.intern(text, columns.files[index] ?? ''));
  const symbol = new Uint32Array(count);
  for (let node = 0; node < count; node++) {
    const id = ids[name[node] as number];
    if (id === undefined) throw malformedTree(`node ${node} has an unknown name`);
    symbol[node] = id;
  }
  const parts = {
    symbols,
    symbol,
    parent: parentsOf(level),
    self: Float64Array.from(self),
    cut: Uint32Array.from(cut),
  };
  if (selfRight === undefined || columns.totalRight === undefined) {
    return { ...finishTree(parts), total: Float64Array.from(columns.total) };
  }
  return {
    ...finishTree({ ...parts, selfRight: Float64Array.from(selfRight) }),
    total: Float64Array.from(columns.total),
    totalRight: Float64Array.from(columns.totalRight),
  };
}

/** Parents of nodes that are given depth first by their level. Throws `malformed_tree` where a level is skipped. */
export function parentsOf(level: ArrayLike<number>): Int32Array {
  const parent = new Int32Array(level.length);
  const open: number[] = [];
  for (let node = 0; node < level.length; node++) {
    const at = level[node] as number;
    const isPossible = node === 0 ? at === 0 : Number.isInteger(at) && at >= 1 && at <= open.length;
    if (!isPossible) throw malformedTree(`node ${node} cannot be at level ${at}`);
    open.length = at;
    parent[node] = open[at - 1] ?? -1;
    open.push(node);
  }
  return parent;
}

export function malformedTree(reason: string): InvalidArgumentError {
  return new InvalidArgumentError(`This is not a call tree: ${reason}.`, { code: 'malformed_tree' });
}
