import { describe, expect, it } from 'vitest';
import { parseCommand } from '../src/command.ts';
import { CommandFailure, EXIT } from '../src/exit.ts';

function failureOf(args: string[]): CommandFailure {
  try {
    parseCommand(args);
  } catch (error) {
    if (error instanceof CommandFailure) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('parseCommand', () => {
  it('puts service_name first and keeps further labels in order, also with = in their values', () => {
    const args = [
      'push',
      'cpu.pb.gz',
      '--service',
      'checkout',
      '--label',
      'version=2.41',
      '--label',
      'q=a=b',
    ];
    expect(parseCommand(args)).toEqual({
      kind: 'push',
      file: 'cpu.pb.gz',
      address: '127.0.0.1:4042',
      profileName: '',
      labels: [
        ['service_name', 'checkout'],
        ['version', '2.41'],
        ['q', 'a=b'],
      ],
    });
  });

  it('shows help without a command, with --help, and for each command', () => {
    expect(parseCommand([])).toEqual({ kind: 'help', topic: 'everflame' });
    expect(parseCommand(['--help'])).toEqual({ kind: 'help', topic: 'everflame' });
    expect(parseCommand(['up', '--help'])).toEqual({ kind: 'help', topic: 'up' });
    expect(parseCommand(['push', '-h'])).toEqual({ kind: 'help', topic: 'push' });
    expect(parseCommand(['delete', '--help'])).toEqual({ kind: 'help', topic: 'delete' });
    expect(parseCommand(['up'])).toEqual({ kind: 'up' });
  });

  it('reads what to delete', () => {
    const args = ['delete', '{env="dev"}', '--from', 'now-7d', '--to', 'now', '--yes'];
    expect(parseCommand(args)).toEqual({
      kind: 'delete',
      selector: '{env="dev"}',
      from: 'now-7d',
      to: 'now',
      address: 'http://127.0.0.1:4040',
      isConfirmed: true,
    });
  });

  it.each([
    [['down'], 'There is no command "down".'],
    [['up', '--port', '1'], "Unknown option '--port'"],
    [['push', 'cpu.pb.gz'], 'push needs --service.'],
    [['push', '--service', 'checkout'], 'push takes one pprof file; 0 were given.'],
    [['push', 'a', 'b', '--service', 'checkout'], 'push takes one pprof file; 2 were given.'],
    [['push', 'a', '--service', 'checkout', '--label', '=x'], '"=x" is not a label.'],
    [['push', 'a', '--service', 'checkout', '--label', 'version'], '"version" is not a label.'],
    [['delete', '--from', 'now-1h', '--to', 'now'], 'delete takes one selector; 0 were given.'],
    [['delete', '{}', '--from', 'now-1h'], 'delete needs --from and --to.'],
    [['delete', '{}', '--from', 'a', '--to', 'b', '--address', 'x'], '"x" is not an address.'],
  ])('refuses %j with one sentence and a way on', (args, sentence) => {
    const failure = failureOf(args);
    expect(failure.exitCode).toBe(EXIT.invalidSettings);
    expect(failure.message).toContain(sentence);
    expect(failure.message).toContain('Try: ');
    expect(failure.message).not.toContain('\n');
  });
});
