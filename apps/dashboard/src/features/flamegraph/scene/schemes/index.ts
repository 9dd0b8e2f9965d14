import type { CallTree } from '@everflame/flamegraph';
import type { ColourScheme } from '../palette.ts';
import { CHANGE_SCHEME } from './change.ts';
import { PACKAGE_SCHEME } from './package.ts';

/** Every colour scheme by its name in the address; the first that fits a tree is its default. */
const SCHEMES: Readonly<Record<string, ColourScheme>> = { package: PACKAGE_SCHEME, change: CHANGE_SCHEME };

/** Returns the names and labels of the schemes that fit a tree, the default first. */
export function schemesFor(tree: CallTree): readonly (readonly [name: string, label: string])[] {
  return Object.entries(SCHEMES)
    .filter(([, { fits }]) => fits(tree))
    .map(([name, { label }]) => [name, label]);
}

/** Returns the wanted scheme where it fits the tree, or its default. */
export function chooseScheme(tree: CallTree, wanted = ''): ColourScheme {
  const names = schemesFor(tree).map(([name]) => name);
  return SCHEMES[names.includes(wanted) ? wanted : (names[0] ?? '')] ?? PACKAGE_SCHEME;
}
