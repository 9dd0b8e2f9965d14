/** Frames that Node.js profilers add for what is no function. */
const NODE_ROOTS = new Set(['Node.js', 'Garbage Collection', 'Non JS threads activity']);

/**
 * The package that a function belongs to, for its colour: Go's import path, the npm package or the folder of a
 * JavaScript file, the module of a Python or Java name. Falls back to the function's own name.
 */
export function packageName(name: string, file: string): string {
  if (file === '' && (name.startsWith('(') || NODE_ROOTS.has(name))) return '(runtime)';
  if (/\.(?:[cm]?[jt]sx?)$|^node:|^file:/.test(file)) return scriptPackage(file);
  const bare = name.replace(/[[(<].*$/s, '');
  const slash = bare.lastIndexOf('/');
  const dot = bare.indexOf('.', slash + 1);
  if (dot > 0) return bare.slice(0, dot);
  const colons = name.indexOf('::');
  if (colons > 0) return name.slice(0, colons);
  return folderOf(file) || name;
}

function scriptPackage(file: string): string {
  if (file.startsWith('node:')) return 'node:';
  const installed = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file);
  return installed?.[1] ?? folderOf(file);
}

function folderOf(file: string): string {
  const slash = file.lastIndexOf('/');
  return slash > 0 ? file.slice(0, slash) : file;
}
