import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const DOCS = new URL('../../../docs/', import.meta.url);

describe('the table of faults in docs/runbook.md', () => {
  const section = readFileSync(new URL('runbook.md', DOCS), 'utf8').split(/^## Faults$/m)[1] ?? '';
  const rows =
    section
      .split(/^## /m)[0]
      ?.match(/^\|.+\|$/gm)
      ?.slice(2) ?? [];

  it('says for each fault what is seen, what to do, and which test shows it', () => {
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) {
      const cells = row.slice(1, -1).split('|');
      expect(cells.map((cell) => cell.trim() !== '')).toEqual([true, true, true, true, true]);
      const [, name = '', path = ''] = /\[(.+)\]\((.+)\)\s*$/.exec(cells[4] ?? '') ?? [];
      expect(readFileSync(new URL(path, DOCS), 'utf8')).toContain(name);
    }
  });
});
