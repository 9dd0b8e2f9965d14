export { diffContribution } from './diff-contribution.ts';
export { toCollapsed } from './exports/collapsed.ts';
export type { ExportSubject, MeasuredFrames } from './exports/export-subject.ts';
export {
  DIFF_EXPORT_FORMATS,
  EXPORT_FORMATS,
  EXPORTS,
  type DiffExportFormat,
  type ExportFormat,
} from './exports/exports.ts';
export {
  FlameLayout,
  type LayoutOptions,
  type LayoutView,
  type VisitBox,
  type WidthMode,
} from './layout/flame-layout.ts';
export { regroup, type Granularity, type LinedFrames } from './granularity.ts';
export { matchedTotal, search, type Matched } from './search.ts';
export {
  reverseStacks,
  scaleStacks,
  StackSetBuilder,
  type FrameNames,
  type Stacks,
  type StackSet,
} from './stack-set.ts';
export { SymbolTable, type SymbolChanges, type SymbolPoint } from './symbol-table.ts';
export { formatValue } from './text/format-value.ts';
export { packageOf } from './text/package-name.ts';
export { shortName } from './text/short-name.ts';
export { topFunctions, type TopFunctions } from './top-functions.ts';
export {
  applyTransforms,
  compileTransforms,
  isFiltering,
  type StackTransforms,
  type TransformTexts,
} from './transforms.ts';
export { buildCallTree } from './tree/build-call-tree.ts';
export { findNode, pathOf, type CallTree } from './tree/call-tree.ts';
export { buildCutTree, type CutTree } from './tree/cut-leaves.ts';
export { cutTree } from './tree/cut-tree.ts';
export { invertTree, sandwich, type Sandwich } from './tree/invert-tree.ts';
export { diffStackSets, mergeTrees, treeToStacks } from './tree/merge-trees.ts';
export { PathTrie, type TrieNodes } from './tree/path-trie.ts';
export { subtree } from './tree/subtree.ts';
export { leavesBelow, leavesOf, trieStacks, type Leaves } from './tree/trie-stacks.ts';
export { decodeTree, encodeTree, TREE_MEDIA_TYPE } from './wire/tree-bytes.ts';
export { fromColumns, toColumns, type TreeColumns, type TreeColumnsInput } from './wire/tree-columns.ts';
