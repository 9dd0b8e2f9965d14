/**
 * Functions that reach outside the data folder and that the engine has no right for: it lets everybody call them.
 * `aiGenerate` and the like are off (`allow_experimental_ai_functions`), and named here as well.
 */
export const refusedFunctions: ReadonlySet<string> = new Set([
  'aiclassify',
  'aiembed',
  'aiextract',
  'aigenerate',
  'aitranslate',
  'catboostevaluate',
  'file',
  'naivebayesclassifier',
  'naivebayesclassifierwithallprobs',
  'naivebayesclassifierwithprob',
]);

/** Table functions that make rows out of their arguments alone; every other one of the engine is refused. */
export const allowedTableFunctions: ReadonlySet<string> = new Set([
  'generate_series',
  'generaterandom',
  'generateseries',
  'numbers',
  'numbers_mt',
  'primes',
  'zeros',
  'zeros_mt',
]);

/** Engines of tables and databases that keep everything in the data folder; every other one is refused. */
export const allowedEngines: ReadonlySet<string> = new Set([
  'aggregatingmergetree',
  'atomic',
  'collapsingmergetree',
  'memory',
  'mergetree',
  'replacingmergetree',
  'summingmergetree',
  'versionedcollapsingmergetree',
]);

/** What must not be called: `disk(type = …)` in SETTINGS makes folders and connections, the rest are functions. */
export const alwaysRefusedCalls: ReadonlySet<string> = new Set([...refusedFunctions, 'disk']);

/** What must not be called in an engine that has these table functions. */
export function refusedCalls(tableFunctions: Iterable<string>): ReadonlySet<string> {
  const refused = [...tableFunctions]
    .map((name) => name.toLowerCase())
    .filter((name) => !allowedTableFunctions.has(name));
  return new Set([...alwaysRefusedCalls, ...refused]);
}
