import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const { LAYERS } = (await import(join(ROOT, 'oxlint.config.mjs'))) as {
  LAYERS: readonly (readonly [folder: string, packages: readonly string[], libraries: readonly string[]])[];
};
const WORKSPACES = ['packages', 'services', 'apps'].flatMap((top) =>
  readdirSync(join(ROOT, top)).map((name) => `${top}/${name}`),
);
const MAX_FILES = 15;

/** Source files by folder, relative to the root. */
function foldersOf(folder: string): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
    const path = entry.parentPath.slice(ROOT.length + 1);
    if (!entry.isFile() || /(^|\/)generated(\/|$)/.test(path)) continue;
    folders.set(path, [...(folders.get(path) ?? []), entry.name]);
  }
  return folders;
}

const folders = new Map(WORKSPACES.flatMap((workspace) => [...foldersOf(`${workspace}/src`)]));
const files = [...folders].flatMap(([folder, names]) => names.map((name) => join(folder, name)));
const sourceOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const sources = files.filter((file) => /\.tsx?$/.test(file));

describe('the house', () => {
  it('has a row in the table of imports for every package, service and app', () => {
    const known = new Set(LAYERS.map(([folder]) => folder));
    expect(WORKSPACES.filter((workspace) => !known.has(`${workspace}/src`))).toEqual([]);
  });

  it(`has no folder of more than ${MAX_FILES} files`, () => {
    const full = [...folders].filter(([, names]) => names.length > MAX_FILES);
    expect(full.map(([folder, names]) => `${folder}: ${names.length}`)).toEqual([]);
  });

  it('names no file after nothing', () => {
    expect(files.filter((file) => /\/(utils?|helpers?|common|misc)\b[^/]*$/.test(file))).toEqual([]);
  });

  it('keeps private members private at run time too', () => {
    expect(sources.filter((file) => /(^\s*|[(,]\s*)private\s(?!constructor)/m.test(sourceOf(file)))).toEqual(
      [],
    );
  });

  it('keeps the tenant with the request, and in no object that lasts', () => {
    expect(sources.filter((file) => /#tenant\b/.test(sourceOf(file)))).toEqual([]);
  });

  it('behaves the same from source and as built', () => {
    expect(sources.filter((file) => /endsWith\(['"]\.ts['"]\)/.test(sourceOf(file)))).toEqual([]);
  });

  it('has one version', () => {
    const versions = ['.', ...WORKSPACES, 'e2e', 'bench'].map((workspace) => {
      const manifest = JSON.parse(sourceOf(`${workspace}/package.json`)) as { version?: string };
      return manifest.version;
    });
    expect(new Set(versions.filter((version) => version !== undefined)).size).toBe(1);
  });
});

it('docs/architecture.md is read in one sitting', () => {
  expect(sourceOf('docs/architecture.md').split('\n').length).toBeLessThanOrEqual(150);
});

const concepts = readdirSync(join(ROOT, 'docs/concepts')).map((name) => `docs/concepts/${name}`);

describe.each(['docs/architecture.md', 'CONTRIBUTING.md', ...concepts])('%s', (page) => {
  const lines = sourceOf(page).split('\n');

  it('names only what is there', () => {
    const named = [
      ...lines
        .join('\n')
        .matchAll(
          /`((?:packages|services|apps|docs|deploy|proto|e2e|bench|scripts|testdata)\/[^`*…{}<> ]*)`/g,
        ),
    ];
    const missing = named.map(([, path]) => path ?? '').filter((path) => !exists(path));
    expect(missing).toEqual([]);
  });

  it('names types and functions that are there', () => {
    const all = [...sources, 'oxlint.config.mjs'].map(sourceOf).join('\n');
    const names = [
      ...lines.join('\n').matchAll(/`([A-Z][A-Za-z]{3,}|[A-Z]+(?:_[A-Z]+)+|[a-z]+(?:[A-Z][a-z]+)+)`/g),
    ];
    expect(
      names.map(([, name]) => name ?? '').filter((name) => !new RegExp(`\\b${name}\\b`).test(all)),
    ).toEqual([]);
  });
});

function exists(path: string): boolean {
  try {
    readdirSync(join(ROOT, path));
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOTDIR';
  }
}
