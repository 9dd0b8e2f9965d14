import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EverflameFile } from '@everflame/contract';
import { waitFor } from '@everflame/testkit';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigFileWatch, InvalidConfigError } from '../src/index.ts';
import { createLogger } from '../src/logging.ts';

const pool = (name: string): string =>
  `scrape_configs:\n  - job_name: ${name}\n    static_configs: [{ targets: ['a:1'] }]\n`;
const BROKEN = 'scrape_configs:\n  - job_name: shop\n    scrape_interval: often\n';

describe('ConfigFileWatch', () => {
  let folder: string;
  let path: string;
  let watch: ConfigFileWatch | undefined;
  let metrics: Registry;
  let lines: string[];
  let applied: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'everflame-config-'));
    path = join(folder, 'everflame.yaml');
    metrics = new Registry();
    [lines, applied] = [[], []];
  });
  afterEach(() => {
    watch?.stop();
    rmSync(folder, { recursive: true });
  });

  function note(file: EverflameFile): void {
    applied.push(file.scrape_configs.map(({ job_name }) => job_name).join());
  }

  function start(apply = note): ConfigFileWatch {
    const logger = createLogger('test', 'info', { write: (line) => void lines.push(line) });
    watch = new ConfigFileWatch(path, metrics, logger);
    watch.follow(apply);
    return watch;
  }

  function follow(content: string): ConfigFileWatch {
    writeFileSync(path, content);
    return start();
  }

  /** Has the file looked at without delay. */
  async function becomes(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
    process.emit('SIGHUP');
    await waitFor(isSo, { what });
  }

  const isWrong = async (): Promise<boolean> => /last_reload_successful 0/.test(await metrics.metrics());

  it('hands on the file as it is, and as it becomes', async () => {
    follow(pool('one'));
    expect(applied).toEqual(['one']);
    writeFileSync(path, pool('two'));
    await becomes(() => applied.length === 2, 'the change');
    expect(applied).toEqual(['one', 'two']);
    expect(await metrics.metrics()).toMatch(/last_reload_success_timestamp_seconds 1\d{9}\n/);
  });

  it('sees a file that another is renamed to, without being asked', async () => {
    follow(pool('one'));
    writeFileSync(join(folder, 'new'), pool('two'));
    renameSync(join(folder, 'new'), path);
    await waitFor(() => applied.length === 2, { what: 'the change' });
    expect(applied[1]).toBe('two');
  });

  it('sees a symbolic link that is turned to another folder, as Kubernetes turns them', async () => {
    for (const name of ['one', 'two']) writeFileSync(join(folder, `${name}.yaml`), pool(name));
    symlinkSync('one.yaml', join(folder, '..data'));
    symlinkSync('..data', path);
    start();
    symlinkSync('two.yaml', join(folder, '..next'));
    renameSync(join(folder, '..next'), join(folder, '..data'));
    await waitFor(() => applied.includes('two'), { what: 'the change' });
  });

  it('does not take a file that is being written for an empty one', async () => {
    follow(pool('one'));
    writeFileSync(path, '');
    process.emit('SIGHUP');
    // Is over before the time to settle, whatever the load: timers end in their order.
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(path, pool('two'));
    await becomes(() => applied.length > 1, 'the change');
    expect(applied).toEqual(['one', 'two']);
  });

  it('leaves what was before in effect when the file becomes wrong, and says so until it is mended', async () => {
    const { check } = follow(pool('one'));
    expect(await check.check()).toBeUndefined();
    writeFileSync(path, BROKEN);
    await becomes(isWrong, 'the problem');
    expect(applied).toEqual(['one']);
    expect(await check.check()).toContain('everflame.yaml:3:22: scrape_configs.0.scrape_interval');
    expect(lines.join('')).toMatch(/"problems":\["[^"]*everflame\.yaml:3:22: /);
    unlinkSync(path);
    await becomes(
      async () => ((await check.check()) ?? '').includes('cannot be read'),
      'the loss of the file',
    );
    writeFileSync(path, pool('one'));
    await becomes(async () => !(await isWrong()), 'the end of the problem');
    expect(await check.check()).toBeUndefined();
    expect(applied).toEqual(['one', 'one']);
  });

  it('counts as a mistake what the service refuses', async () => {
    writeFileSync(path, pool('one'));
    const { check } = start((file) => {
      note(file);
      if (applied.length > 1) throw new InvalidConfigError(['no two']);
    });
    writeFileSync(path, pool('two'));
    await becomes(isWrong, 'the problem');
    expect(await check.check()).toContain('no two');
  });

  it('refuses to start with a wrong file', () => {
    expect(() => follow(BROKEN)).toThrow(/everflame\.yaml:3:22: /);
    expect(() => new ConfigFileWatch(join(folder, 'none'), metrics, createLogger('test', 'silent'))).toThrow(
      'cannot be read',
    );
  });

  it('has nothing configured without a file', () => {
    watch = new ConfigFileWatch(undefined, metrics, createLogger('test', 'silent'));
    watch.follow(note);
    expect(applied).toEqual(['']);
  });
});
