import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const testdataDir = join(import.meta.dirname, '../../../../testdata');

/** A file below `testdata/`. */
export function readTestdata(relativePath: string): Buffer {
  return readFileSync(join(testdataDir, relativePath));
}

/** The files of `testdata/corpus`, sorted, as paths that `readTestdata` takes. Throws where there are none. */
export function listCorpus(): string[] {
  const entries = readdirSync(join(testdataDir, 'corpus'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(testdataDir.length + 1)
        .split(sep)
        .join('/'),
    )
    .toSorted();
  if (files.length === 0) throw new Error('testdata/corpus is empty');
  return files;
}
