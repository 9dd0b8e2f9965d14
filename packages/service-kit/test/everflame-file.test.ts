import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { readEverflameFile } from '../src/index.ts';
import { parseEverflameFile } from '../src/config/everflame-file.ts';

const valid = `
scrape_configs:
  - job_name: shop
    scrape_interval: 5s
    static_configs:
      - targets: ['127.0.0.1:6060', '[::1]:6061']
        labels: { service_name: shop, version: '1.2' }
    profiles:
      cpu: { seconds: 2 }
      block: { enabled: false }
rules:
  - name: heap growth
    query: memory:inuse_space:bytes:space:bytes{service_name="shop"}
    window: 10m
    min_growth: 20MiB
`;

function problemsOf(text: string): string {
  try {
    parseEverflameFile(text, 'everflame.yaml');
  } catch (error) {
    return (error as Error).message;
  }
  return 'no problem';
}

describe('everflame.yaml', () => {
  it('reads durations as milliseconds and amounts as numbers', () => {
    const file = parseEverflameFile(valid, 'everflame.yaml');
    expect(file.scrape_configs[0]).toMatchObject({ scrape_interval: 5000, scheme: 'http' });
    expect(file.rules[0]).toMatchObject({
      window: 600_000,
      min_growth: 20 * 1024 * 1024,
      evaluate_every: 15_000,
    });
  });

  it('has an example that is valid', () => {
    const file = readEverflameFile(
      fileURLToPath(new URL('../../../everflame.example.yaml', import.meta.url)),
    );
    expect([file.scrape_configs.length, file.rules.length]).toEqual([2, 1]);
  });

  it('is empty when the file is', () => {
    expect(parseEverflameFile('', 'everflame.yaml')).toEqual({
      scrape_configs: [],
      rules: [],
      retention: [],
    });
  });

  it('names line and column of a wrong value', () => {
    expect(problemsOf(valid.replace('5s', '5 parsecs'))).toContain(
      'everflame.yaml:4:22: scrape_configs.0.scrape_interval',
    );
  });

  it('names the line of an unknown key', () => {
    expect(problemsOf(valid.replace('seconds: 2', 'secnods: 2'))).toMatch(/everflame\.yaml:9:\d+: .*secnods/);
  });

  it('names the line of broken YAML', () => {
    expect(problemsOf('scrape_configs:\n  - job_name: [')).toMatch(/everflame\.yaml:\d+:\d+: /);
  });

  it('reports every problem at once', () => {
    const text = valid.replace('127.0.0.1:6060', 'not an address').replace('20MiB', 'a lot');
    expect(problemsOf(text)).toMatch(/everflame\.yaml:6:[\s\S]*everflame\.yaml:15:/);
  });

  it('reads rules of retention, whose rollups are kept 400 days where nothing else is said', () => {
    const text =
      "retention:\n  - { match: '{env=\"dev\"}', days: 3, rollup_days: 30 }\n  - { match: '{}', days: 7 }\n";
    expect(parseEverflameFile(text, 'everflame.yaml').retention).toEqual([
      { match: '{env="dev"}', days: 3, rollup_days: 30 },
      { match: '{}', days: 7, rollup_days: 400 },
    ]);
  });

  it.each([
    [`{ match: '{env="dev"', days: 3 }`, /:3:\d+: retention\.0\.match: Expected/],
    [
      `{ match: '{env=~"(?=a)"}', days: 3 }`,
      /:3:\d+: retention\.0\.match: The pattern "\(\?=a\)" is not valid/,
    ],
    [`{ match: 'a:b:c:d:e{}', days: 3 }`, /:3:\d+: retention\.0\.match: name labels only/],
    [`{ match: '{}', days: 0 }`, /:3:\d+: retention\.0\.days: /],
    [`{ match: '{}', days: 401 }`, /:3:\d+: retention\.0\.days: /],
    [`{ match: '{}', days: 30, rollup_days: 3 }`, /:3:\d+: retention\.0\.rollup_days: rollups must be kept/],
    [`{ match: '{}', day: 3 }`, /:3:\d+: .*day/],
  ])('names the line of the bad rule of retention %s', (rule, problem) => {
    expect(problemsOf(`# days\nretention:\n  - ${rule}\n`)).toMatch(problem);
  });

  it('takes eight classes of retention and refuses a ninth', () => {
    const rules = (count: number): string =>
      Array.from({ length: count }, (_, i) => `  - { match: '{team="${i}"}', days: ${i + 1} }\n`).join('');
    expect(problemsOf(`retention:\n${rules(8)}`)).toBe('no problem');
    expect(problemsOf(`retention:\n${rules(9)}`)).toMatch(
      /:2:\d+: retention: there can be 8 different values of days/,
    );
  });

  it('names the line of labels that no series can have', () => {
    expect(problemsOf(valid.replace('version:', 'no-dash:'))).toMatch(
      /everflame\.yaml:7:\d+: scrape_configs\.0\.static_configs\.0\.labels: .*no-dash/,
    );
  });

  it('names the line of a recording that is longer than the interval', () => {
    expect(problemsOf(valid.replace('seconds: 2', 'seconds: 5'))).toMatch(
      /everflame\.yaml:9:\d+: scrape_configs\.0\.profiles\.cpu\.seconds: .*shorter/,
    );
  });

  it('refuses an alias bomb', () => {
    const bomb =
      'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]';
    expect(problemsOf(bomb)).toContain('everflame.yaml');
    expect(problemsOf(bomb)).not.toBe('no problem');
  });
});
