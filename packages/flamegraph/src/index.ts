export { diffContribution } from './diff-contribution.ts';
export { diffStackSets } from './diff-stacks.ts';
export type { ExportSubject, MeasuredFrames } from './exports/export-subject.ts';
export {
  DIFF_EXPORT_FORMATS,
  EXPORT_FORMATS,
  EXPORTS,
  type DiffExportFormat,
  type ExportFormat,
} from './exports/exports.ts';
export { FlameLayout, type LayoutView, type WidthMode } from './layout/flame-layout.ts';
export { regroup, type Granularity } from './granularity.ts';
export { matchedTotal, search, type Matched } from './search.ts';
export {
  reverseStacks,
  scaleStacks,
  type Stacks,
  type StackSet,
  type StackValues,
  type TrieStacks,
} from './stack-set.ts';
export { SymbolTable, type SymbolChanges, type SymbolPoint } from './symbol-table.ts';
export { formatValue } from './text/format-value.ts';
export { packageOf } from './text/package-name.ts';
export { shortName } from './text/short-name.ts';
export { topFunctions, type TopFunctions } from './top-functions.ts';
export { applyTransforms, compileTransforms, isFiltering, type StackTransforms } from './transforms.ts';
export { buildCutTree, type CutTree } from './tree/build-tree.ts';
export { findNode, pathOf, type CallTree } from './tree/call-tree.ts';
export { sandwich } from './tree/sandwich.ts';
export { PathTrie, type TrieNodes } from './tree/path-trie.ts';
export { decodeTree, encodeTree, TREE_MEDIA_TYPE } from './wire/tree-bytes.ts';
export { fromColumns, toColumns } from './wire/tree-columns.ts';
