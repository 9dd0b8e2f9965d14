import { describe, expect, it } from 'vitest';
import { failureLines } from '../src/up/supervision/failure-lines.ts';

const json = (value: unknown): string => JSON.stringify(value);

describe('failureLines', () => {
  it('shows message and hint of the last fatal line and nothing else', () => {
    const lines = [
      json({ level: 30, msg: 'listening' }),
      json({
        level: 60,
        msg: 'Invalid settings:\n  INGEST_HTTP_PORT: expected number',
        hint: 'Read the manual.',
      }),
    ];
    expect(failureLines(lines)).toEqual([
      'Invalid settings:',
      '  INGEST_HTTP_PORT: expected number',
      'Read the manual.',
    ]);
  });

  it('adds the stack of an error that nobody expected', () => {
    const fatal = json({
      level: 60,
      msg: 'could not start',
      err: { message: 'x', stack: 'Error: x\n    at y' },
    });
    expect(failureLines([fatal])).toEqual(['could not start: Error: x', '    at y']);
  });

  it('shows all lines when none is fatal, structured ones by level and message', () => {
    const lines = [
      'plain text',
      json({ level: 50, msg: 'insert failed', err: { message: 'disk full' } }),
      json({ level: 'error', msg: 'from the embedded ClickHouse' }),
      '{broken',
    ];
    expect(failureLines(lines)).toEqual([
      'plain text',
      'error: insert failed: disk full',
      'error: from the embedded ClickHouse',
      '{broken',
    ]);
  });
});
