import { readFileSync } from 'node:fs';

/** What runs. Paths are the same from `src` and `dist`; `npm run build` writes the commit. */
export const VERSION = {
  /** Of the package.json at the root, which is the only place that says it. */
  version: readField('../../../package.json', 'version') ?? 'unknown',
  /** The commit that was built; `unknown` where the build could not tell. */
  commit: readField('../dist/commit.json', 'commit') ?? 'unknown',
} as const;

function readField(path: string, field: string): string | undefined {
  try {
    const file = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<string, unknown>;
    const value = file[field];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
