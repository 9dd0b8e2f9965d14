import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

/** The text of every source file of packages and services. */
const sources = ['packages', 'services']
  .flatMap((top) => readdirSync(join(ROOT, top)).map((name) => join(ROOT, top, name, 'src')))
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(file, 'utf8'));

/** Names of metrics in one source; those with a prefix in common are made by a function that has it in a template. */
function metricsIn(source: string): string[] {
  const whole = [...source.matchAll(/'(everflame_\w+)'/g)].map(([, name = '']) => name);
  const [, prefix] = /`(everflame_\w+_)\$\{name\}`/.exec(source) ?? [];
  const parts = prefix === undefined ? [] : [...source.matchAll(/\b(?:counter|gauge)\(\s*'(\w+)'/g)];
  return [...whole, ...parts.map(([, part]) => `${prefix ?? ''}${part}`)];
}

it('docs/runbook.md has every metric, and no other', () => {
  const [, section = ''] = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8').split(/^## Metrics$/m);
  const documented = section.split(/^## /m)[0]?.match(/(?<=^\| `)everflame_\w+/gm) ?? [];
  const registered = new Set(sources.flatMap(metricsIn));
  expect(registered.size).toBeGreaterThan(30);
  expect(documented.toSorted()).toEqual([...registered].toSorted());
});
