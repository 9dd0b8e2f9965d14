const FATAL_LEVEL = 60;
const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/**
 * What to show of the last log lines of a process that failed: message and hint of its fatal line,
 * or all lines, the structured ones as `level: message`, when it left none.
 */
export function failureLines(lines: readonly string[]): string[] {
  const records = lines.map(parseRecord);
  const fatal = records.findLast((record) => record !== undefined && record['level'] === FATAL_LEVEL);
  if (fatal) return describe(fatal, false);
  return lines.flatMap((line, at) => {
    const record = records[at];
    return record === undefined ? [line] : describe(record, true);
  });
}

function describe(record: Record<string, unknown>, withLevel: boolean): string[] {
  const error = record['err'];
  const cause = isRecord(error)
    ? withLevel
      ? error['message']
      : (error['stack'] ?? error['message'])
    : undefined;
  const message = typeof record['msg'] === 'string' ? record['msg'] : JSON.stringify(record);
  const level = withLevel ? `${LEVELS[Number(record['level'])] ?? String(record['level'])}: ` : '';
  const text = typeof cause === 'string' ? `${level}${message}: ${cause}` : `${level}${message}`;
  return [...text.split('\n'), ...(typeof record['hint'] === 'string' ? [record['hint']] : [])];
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
