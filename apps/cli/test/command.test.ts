import { describe, expect, it } from 'vitest';
import { listCommands, loadCommand } from '../src/commands/index.ts';
import { CommandFailure, EXIT } from '../src/exit.ts';

async function parse([name = '', ...args]: readonly string[]): Promise<unknown> {
  return (await loadCommand(name)).parse(args);
}

async function failureOf(args: readonly string[]): Promise<CommandFailure> {
  try {
    await parse(args);
  } catch (error) {
    if (error instanceof CommandFailure) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('the commands', () => {
  it('puts service_name first and keeps further labels in order, also with = in their values', async () => {
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
    expect(await parse(args)).toEqual({
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

  it('show help with --help, and are listed without one', async () => {
    for (const name of ['up', 'push', 'delete', 'doctor']) {
      expect(await parse([name, '--help'])).toBeNull();
      expect(await parse([name, '-h'])).toBeNull();
      expect(listCommands()).toMatch(new RegExp(`^ {2}everflame ${name} +\\S`, 'm'));
    }
    expect(await parse(['up'])).toEqual({});
  });

  it('reads what to delete', async () => {
    const args = ['delete', '{env="dev"}', '--from', 'now-7d', '--to', 'now', '--yes'];
    expect(await parse(args)).toEqual({
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
    [['up', 'again'], "Unexpected argument 'again'"],
    [['push', 'cpu.pb.gz'], 'push needs --service.'],
    [['push', '--service', 'checkout'], 'push takes one pprof file; 0 were given.'],
    [['push', 'a', 'b', '--service', 'checkout'], 'push takes one pprof file; 2 were given.'],
    [['push', 'a', '--service', 'checkout', '--label', '=x'], '"=x" is not a label.'],
    [['push', 'a', '--service', 'checkout', '--label', 'version'], '"version" is not a label.'],
    [['delete', '--from', 'now-1h', '--to', 'now'], 'delete takes one selector; 0 were given.'],
    [['delete', '{}', '--from', 'now-1h'], 'delete needs --from and --to.'],
    [['delete', '{}', '--from', 'a', '--to', 'b', '--address', 'x'], '"x" is not an address.'],
  ])('refuses %j with one sentence and a way on', async (args, sentence) => {
    const failure = await failureOf(args);
    expect(failure.exitCode).toBe(EXIT.invalidSettings);
    expect(failure.message).toContain(sentence);
    expect(failure.message).toContain('Try: ');
    expect(failure.message).not.toContain('\n');
  });
});
