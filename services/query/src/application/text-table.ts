import type { Scope } from '@everflame/contract';

/** A cell: a number is written with all its digits. */
export type Cell = string | number | bigint | null;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: Iterable<readonly Cell[]>;
}

const FORMULA_START = /^[=+\-@\t\r]/;
const NEEDS_QUOTES = /[",\r\n]/;
const MARKDOWN_SPECIAL = /[\\`*_{}[\]<>|~]/g;
const CONTROL = /\p{Cc}+/gu;

/**
 * CSV as RFC 4180 has it, a line at a time. A text that a spreadsheet would take for a formula gets an apostrophe in
 * front of it.
 */
export function* csvLines({ columns, rows }: Table): Generator<string> {
  yield `${columns.map(csvCell).join(',')}\r\n`;
  for (const row of rows) yield `${row.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = FORMULA_START.test(cell) ? `'${cell}` : cell;
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
  return text.replace(CONTROL, ' ').replace(MARKDOWN_SPECIAL, '\\$&');
}

/** What of a side is not resolved, to go on a line about it. */
export function unresolvedText({ unresolved }: Pick<Scope, 'unresolved'>): string {
  if (unresolved === undefined) return '';
  const { stacks, value } = unresolved;
  return `; not resolved: ${stacks} ${stacks === 1 ? 'stack' : 'stacks'}, which hold ${value}`;
}
