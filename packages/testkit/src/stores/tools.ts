import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** Servers that a test may be given by URL instead of by an installed program. */
const urlVariables: Readonly<Record<string, string>> = { 'redis-server': 'REDIS_TEST_URL' };

const isCi = (): boolean => process.env['CI'] === 'true';

/** Throws the error for a program that is not installed; `how` says how to get it. */
export function missingTool(tool: string, how: string): never {
  throw new Error(`${tool} is not installed. ${how}`);
}

/**
 * The path of an installed program, or undefined where it is missing. With CI=true a missing program is an error:
 * there a test must not be skipped unnoticed.
 */
export function requireTool(tool: string): string | undefined {
  const path = findTool(tool);
  if (path === undefined && isCi())
    missingTool(tool, 'Tests are not skipped where CI=true; install it there.');
  return path;
}

/**
 * Like vitest's `describe`, for tests that need programs of the system. Where one is missing the tests are skipped and
 * the reason is printed and part of the name; with CI=true it throws instead.
 */
export function describeWithTool(tools: readonly string[], name: string, tests: () => void): void {
  const missing = tools.filter((tool) => !isGivenByUrl(tool) && requireTool(tool) === undefined);
  const isForbidden = tools.includes('strace') && !mayTrace();
  if (missing.length === 0 && !isForbidden) {
    describe(name, tests);
    return;
  }
  const why = missing.length > 0 ? `not installed: ${missing.join(', ')}` : 'strace may not attach here';
  if (missing.length === 0 && isCi())
    throw new Error(`${name}: ${why}; run as root, or set ${PTRACE_SCOPE} to 0.`);
  const reason = `skipped: ${why}`;
  process.stderr.write(`${name}: ${reason}\n`);
  describe.skip(`${name} (${reason})`, tests);
}

const PTRACE_SCOPE = '/proc/sys/kernel/yama/ptrace_scope';

/** Whether a process may attach to another one that is not its child. */
function mayTrace(): boolean {
  if (process.getuid?.() === 0) return true;
  try {
    return readFileSync(PTRACE_SCOPE, 'utf8').trim() === '0';
  } catch {
    // Kernels without it have no such bound.
    return true;
  }
}

function isGivenByUrl(tool: string): boolean {
  const variable = urlVariables[tool];
  return variable !== undefined && (process.env[variable] ?? '') !== '';
}

function findTool(tool: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, tool);
    try {
      accessSync(path, constants.X_OK);
      if (folder !== '' && statSync(path).isFile()) return path;
    } catch {
      continue;
    }
  }
  return undefined;
}
