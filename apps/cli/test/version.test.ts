import { readdirSync, readFileSync } from 'node:fs';
import { VERSION } from '@everflame/service-kit';
import { expect, it } from 'vitest';

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const ROOT = new URL('../../../', import.meta.url);

function packageIn(folder: string): PackageFile {
  return JSON.parse(readFileSync(new URL(`${folder}/package.json`, ROOT), 'utf8')) as PackageFile;
}

const root = packageIn('.');
const workspaces = (root.workspaces ?? [])
  .flatMap((pattern) => {
    const [parent] = pattern.split('/*');
    if (parent === undefined || parent === pattern) return [pattern];
    return readdirSync(new URL(parent, ROOT)).map((name) => `${parent}/${name}`);
  })
  .map(packageIn);

it('is one number, in every workspace and in what they ask of each other', () => {
  expect(VERSION.version).toBe(root.version);
  expect(workspaces.length).toBeGreaterThan(10);
  for (const { name, version, dependencies, devDependencies } of workspaces) {
    const inner = Object.entries({ ...dependencies, ...devDependencies }).filter(([dependency]) =>
      dependency.startsWith('@everflame/'),
    );
    expect([name, version]).toEqual([name, root.version]);
    expect(inner).toEqual(inner.map(([dependency]) => [dependency, root.version]));
  }
});
