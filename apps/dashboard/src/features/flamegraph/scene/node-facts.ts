import { formatValue } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import { formatChange, formatDelta } from '../../../ui/change.tsx';
import { changeSign, nodeName, type FlameScene } from './scene.ts';

/** One line of a tooltip; a diff has three values, otherwise a value and its share. */
export interface FactRow {
  readonly label: string;
  readonly values: readonly string[];
}

/** What is known of a node, in words. */
export interface NodeFacts {
  readonly name: string;
  readonly file: string;
  readonly headings: readonly string[];
  readonly rows: readonly FactRow[];
  readonly note: string;
}

/** A part of a whole as a percentage with enough digits to tell small ones apart. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (100 * part) / whole;
  if (percent !== 0 && Math.abs(percent) < 0.01) return '< 0.01 %';
  return `${percent.toFixed(Math.abs(percent) < 1 ? 2 : 1)} %`;
}

const LINES = ['total', 'self'] as const;

/** The facts of a node for the tooltip; a stand-in has no value of its own. */
export function nodeFacts(scene: FlameScene, node: number): NodeFacts {
  const { tree } = scene;
  const cut = tree.cut[node] as number;
  return {
    name: nodeName(tree, node),
    file: visibleText(tree.symbols.file(tree.symbol[node] as number)),
    headings: scene.isDiff ? ['before', 'after', 'change'] : ['value', 'of total'],
    rows: LINES.slice(0, cut > 0 ? 1 : 2).map((label) => factRow(scene, node, label)),
    note: noteOf(scene, node),
  };
}

function noteOf(scene: FlameScene, node: number): string {
  const { tree } = scene;
  if ((tree.cut[node] as number) > 0) return 'Too small to be sent. Click to load what is here.';
  return { '+ ': 'New: only after.', '− ': 'Gone: only before.', '': '' }[changeSign(tree, node)];
}

function factRow(scene: FlameScene, node: number, label: 'total' | 'self'): FactRow {
  const { tree, unit } = scene;
  const left = (label === 'total' ? tree.total : tree.self)[node] as number;
  const right = (label === 'total' ? tree.totalRight : tree.selfRight)?.[node];
  if (right === undefined) {
    return { label, values: [formatValue(left, unit), formatShare(left, tree.total[0] as number)] };
  }
  const delta = right - left;
  const signed = formatDelta(delta, unit);
  return {
    label,
    values: [formatValue(left, unit), formatValue(right, unit), `${signed} (${formatChange(left, right)})`],
  };
}

/** The node in one sentence for a screen reader. */
export function describeNode(scene: FlameScene, node: number): string {
  const { name, headings, rows, note } = nodeFacts(scene, node);
  const spelled = rows.map(({ label, values }) => {
    const told = scene.isDiff ? values.map((value, index) => `${headings[index] ?? ''} ${value}`) : values;
    return `${label} ${told.join(', ')}`;
  });
  const parts = [name, ...spelled, `depth ${scene.tree.level[node] ?? 0}`, siblingIndex(scene, node), note];
  return parts.filter((part) => part !== '').join('; ');
}

function siblingIndex(scene: FlameScene, node: number): string {
  const { tree } = scene;
  const caller = tree.parent[node] as number;
  if (caller < 0) return '';
  let index = 0;
  let count = 0;
  const end = tree.subtreeEnd[caller] as number;
  for (let child = caller + 1; child < end; child = tree.subtreeEnd[child] as number) {
    count++;
    if (child === node) index = count;
  }
  return `child ${index} of ${count}`;
}
