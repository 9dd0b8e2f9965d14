const GO_FILE = /\.(?:go|s)$/;
const GO_ESCAPE = /%([0-9a-f]{2})/g;
const INSTALLED = /.*(?:node_modules|site-packages|dist-packages)\/((?:@[^/]+\/)?[^/]+)/;
const BUILT_IN = /^node:[^/]+/;

/**
 * The package of a function, '' where neither name nor file tells: the import path of a Go function (its file ends in
 * `.go` or `.s`, or is unknown), the name of an installed package of Node or Python, a module of Node (`node:fs`),
 * else the folder of the file.
 */
export function packageOf(name: string, file: string): string {
  if (file === '' || GO_FILE.test(file)) {
    const path = goPackageOf(name);
    if (path !== '' || file === '') return path;
  }
  const builtIn = BUILT_IN.exec(file);
  if (builtIn !== null) return builtIn[0];
  const path = file.replace(/^file:\/\//, '').replaceAll('\\', '/');
  const installed = INSTALLED.exec(path)?.[1];
  if (installed !== undefined) return installed.replace(/\.py$/, '');
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** `github.com/a/b.(*T).M` is of `github.com/a/b`: what is before the first dot behind the last slash. */
function goPackageOf(name: string): string {
  const receiver = name.search(/[([]/);
  const head = receiver < 0 ? name : name.slice(0, receiver);
  const dot = head.indexOf('.', head.lastIndexOf('/') + 1);
  if (dot <= 0 || /\s/.test(head)) return '';
  return head
    .slice(0, dot)
    .replace(GO_ESCAPE, (_escape, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
