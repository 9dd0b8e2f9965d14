// `npm run audit`: fails where a package that runs in production has a known vulnerability that is high or critical. A
// registry that answers no audits is no failure, but it is said that nothing was looked at.
import { spawnSync } from 'node:child_process';
import { requireNode } from './require-node.mjs';

requireNode();
const { npmCommand } = await import('./step.mjs');

const SERIOUS = new Set(['high', 'critical']);
const OPTIONS = ['--omit=dev', '--audit-level=high', '--json', '--fetch-retries=1', '--fetch-timeout=30000'];

const [command, ...args] = npmCommand();
const { stdout, stderr, status } = spawnSync(command, [...args, 'audit', ...OPTIONS], {
  cwd: new URL('..', import.meta.url),
  encoding: 'utf8',
  maxBuffer: 64 << 20,
});
const report = parse(stdout);
if (report?.auditReportVersion !== undefined) process.exitCode = tell(report, status);
// What npm itself cannot do has a code; what the registry does not do has a message alone.
else if (typeof report?.message === 'string' && !report.error?.code) {
  process.stdout.write(`! not audited: the registry answers no audits (${report.message})\n`);
} else {
  process.stderr.write(`npm audit ended with ${status}:\n${stdout}${stderr}`);
  process.exitCode = 1;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function tell({ vulnerabilities }, exitCode) {
  const serious = Object.values(vulnerabilities).filter(({ severity }) => SERIOUS.has(severity));
  const less = Object.keys(vulnerabilities).length - serious.length;
  for (const { name, severity, via } of serious) {
    const reasons = via.map((one) => (typeof one === 'string' ? `by ${one}` : `${one.title} ${one.url}`));
    process.stdout.write(`✗ ${name}, ${severity}: ${reasons.join('; ')}\n`);
  }
  if (serious.length === 0) {
    process.stdout.write(`✓ no known vulnerability that is high or critical (${less} lesser)\n`);
  }
  return exitCode;
}
