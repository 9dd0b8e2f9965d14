import type { Coverage } from '@everflame/contract';
import { visibleText } from '@everflame/profile';

/** A cell: a number is written with all its digits. */
export type Cell = string | number | bigint | null;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: Iterable<readonly Cell[]>;
}

const FORMULA_START = /^[=+\-@]/;
const NEEDS_QUOTES = /[",]/;
const MARKDOWN_SPECIAL = /[\\`*_{}[\]<>|~]/g;

/**
 * CSV as RFC 4180 has it, a line at a time, with texts as `visibleText` shows them. One that a spreadsheet would take for
 * a formula gets an apostrophe in front of it.
 */
export function* csvLines({ columns, rows }: Table): Generator<string> {
  yield `${columns.map(csvCell).join(',')}\r\n`;
  for (const row of rows) yield `${row.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const shown = visibleText(cell);
  const text = FORMULA_START.test(shown) ? `'${shown}` : shown;
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A table in GitHub's Markdown, a line at a time. Texts are shown as they are: nothing in them is markup. */
export function* markdownLines({ columns, rows }: Table): Generator<string> {
  yield markdownLine(columns);
  yield `|${' --- |'.repeat(columns.length)}\n`;
  for (const row of rows) yield markdownLine(row);
}

function markdownLine(cells: readonly Cell[]): string {
  return `| ${cells.map(markdownCell).join(' | ')} |\n`;
}

function markdownCell(cell: Cell): string {
  if (cell === null) return '';
  return typeof cell === 'string' ? markdownText(cell) : String(cell);
}

/** A text of strangers within Markdown, on one line. */
export function markdownText(text: string): string {
  return visibleText(text).replace(MARKDOWN_SPECIAL, '\\$&');
}

/** What of a side is not resolved, to go on a line about it. */
export function unresolvedText({ unresolved }: Pick<Coverage, 'unresolved'>): string {
  if (unresolved === undefined) return '';
  const { stacks, value } = unresolved;
  return `; not resolved: ${stacks} ${stacks === 1 ? 'stack' : 'stacks'}, which hold ${value}`;
}
