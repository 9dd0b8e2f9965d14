const GO_VERSION_ELEMENT = /\/v(?:[2-9]|[1-9][0-9]+)(?=[./])/;
const GO_PACKAGE_PATH = /^(?:[\w.~%-]+\/)+(?=[\w~%-]+[^/.]*\.)/;

/**
 * A name for a narrow box: Go's import path goes, its last element stays, `github.com/a/b/pkg.(*T).M` becomes
 * `pkg.(*T).M`. A major version is no element (`a/b/v2.F` is `b.F`). Other names stay as they are.
 */
export function shortName(name: string): string {
  const bracket = name.search(/[[(<\s:]/);
  const head = bracket < 0 ? name : name.slice(0, bracket);
  const slash = head.lastIndexOf('/');
  if (slash <= 0) return name;
  const unversioned = head.replace(GO_VERSION_ELEMENT, '');
  const path = GO_PACKAGE_PATH.exec(unversioned);
  if (path === null) return name;
  return unversioned.slice(path[0].length) + name.slice(head.length);
}
