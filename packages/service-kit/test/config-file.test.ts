import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { parseEverflameFile, readEverflameFile } from '../src/index.ts';

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
    expect(parseEverflameFile('', 'everflame.yaml')).toEqual({ scrape_configs: [], rules: [] });
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

  it('refuses an alias bomb', () => {
    const bomb =
      'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]';
    expect(problemsOf(bomb)).toContain('everflame.yaml');
    expect(problemsOf(bomb)).not.toBe('no problem');
  });
});
