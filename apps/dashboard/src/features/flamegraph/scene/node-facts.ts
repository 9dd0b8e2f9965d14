import { formatValue } from '@everflame/flamegraph';
import { visibleText } from '@everflame/profile';
import { formatChange, formatDelta } from '../../../ui/change.tsx';
import { nodeName, type FlameScene } from './scene.ts';

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

/** The facts of a node for the tooltip. */
export function nodeFacts(scene: FlameScene, node: number): NodeFacts {
  const { tree } = scene;
  const cut = tree.cut[node] as number;
  return {
    name: nodeName(tree, node),
    file: visibleText(tree.symbols.file(tree.symbol[node] as number)),
    headings: scene.isDiff ? ['before', 'after', 'change'] : ['value', 'of total'],
    rows:
      cut > 0
        ? [factRow(scene, node, 'total')]
        : [factRow(scene, node, 'total'), factRow(scene, node, 'self')],
    note: noteOf(scene, node),
  };
}

function noteOf(scene: FlameScene, node: number): string {
  const { tree } = scene;
  if ((tree.cut[node] as number) > 0) return 'Too small to be sent. Click to load what is here.';
  if (tree.totalRight === undefined || node === 0) return '';
  if (tree.total[node] === 0) return 'New: only after.';
  return tree.totalRight[node] === 0 ? 'Gone: only before.' : '';
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
  const { tree } = scene;
  const facts = nodeFacts(scene, node);
  const parts = [facts.name];
  for (const row of facts.rows) {
    const values = scene.isDiff
      ? row.values.map((value, index) => `${facts.headings[index] ?? ''} ${value}`).join(', ')
      : row.values.join(', ');
    parts.push(`${row.label} ${values}`);
  }
  parts.push(`depth ${tree.level[node] ?? 0}`);
  const sibling = siblingIndex(scene, node);
  if (sibling !== '') parts.push(sibling);
  if (facts.note !== '') parts.push(facts.note);
  return parts.join('; ');
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
