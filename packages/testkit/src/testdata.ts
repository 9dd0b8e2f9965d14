import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Asked for when a file is: tests of the dashboard have no file URLs. */
function testdataDir(): string {
  return fileURLToPath(new URL('../../../testdata', import.meta.url));
}

/** A file below `testdata/`. */
export function readTestdata(relativePath: string): Buffer {
  return readFileSync(join(testdataDir(), relativePath));
}

/** The files of `testdata/corpus`, sorted, as paths that `readTestdata` takes. Throws where there are none. */
export function listCorpus(): string[] {
  const root = testdataDir();
  const entries = readdirSync(join(root, 'corpus'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .split(sep)
        .join('/'),
    )
    .toSorted();
  if (files.length === 0) throw new Error('testdata/corpus is empty');
  return files;
}
