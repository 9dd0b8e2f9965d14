// Kept to syntax that old versions of Node can read, so that they can say what is wrong.
const MINIMUM = [20, 19];

/** Ends the process with one sentence when this Node is too old. */
export function requireNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return;
  process.stderr.write(
    `Everflame needs Node ${MINIMUM.join('.')} or newer and this is ${version}: install a newer one from https://nodejs.org.\n`,
  );
  process.exit(1);
}
