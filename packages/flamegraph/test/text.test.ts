import { describe, expect, it } from 'vitest';
import { formatValue, shortName } from '../src/index.ts';

describe('formatValue', () => {
  it.each([
    [1_240_000_000, 'nanoseconds', '1.24 s'],
    [999, 'nanoseconds', '999 ns'],
    [999_999, 'nanoseconds', '1 ms'],
    [999_499, 'nanoseconds', '999 µs'],
    [0, 'nanoseconds', '0 ns'],
    [0.25, 'nanoseconds', '0.25 ns'],
    [-1_500_000, 'nanoseconds', '-1.5 ms'],
    [90, 'seconds', '1.5 min'],
    [7200e9, 'nanoseconds', '2 h'],
    [864e14, 'nanoseconds', '1000 d'],
    [12_300_000, 'bytes', '11.7 MiB'],
    [12.3 * 1024 ** 2, 'bytes', '12.3 MiB'],
    [1023, 'bytes', '1023 B'],
    [1024, 'bytes', '1 KiB'],
    [3 * 1024 ** 6, 'bytes', '3072 PiB'],
    [1200, 'count', '1.2k'],
    [999, 'count', '999'],
    [999_999, 'objects', '1M'],
    [0.123456, 'count', '0.123'],
    [0, 'count', '0'],
    [0.35, 'cores', '0.35 cores'],
    [2 * 1024 ** 2, 'bytes/s', '2 MiB/s'],
    [1500, 'count/s', '1.5k/s'],
    [0.1234, 'share', '12.3%'],
    [0, 'share', '0%'],
    [1, 'share', '100%'],
    [2_500_000, 'widgets', '2.5M widgets'],
    [Number.NaN, 'bytes', '–'],
    [Infinity, 'bytes', '–'],
  ])('writes %d %s as %s', (value, unit, expected) => {
    expect(formatValue(value, unit)).toBe(expected);
  });
});

describe('shortName', () => {
  it.each([
    ['github.com/a/b/pkg.(*T).M', 'pkg.(*T).M'],
    ['net/http.(*conn).serve', 'http.(*conn).serve'],
    ['encoding/json.Marshal', 'json.Marshal'],
    ['github.com/a/b/v2.F', 'b.F'],
    ['github.com/a/b/v10/sub.F.func1', 'sub.F.func1'],
    ['gopkg.in/yaml%2ev3.Unmarshal', 'yaml%2ev3.Unmarshal'],
    ['github.com/a/b.Map[go.shape.[]github.com/c/d.T].func2', 'b.Map[go.shape.[]github.com/c/d.T].func2'],
    ['runtime.mallocgc', 'runtime.mallocgc'],
    ['main.(*T).Run', 'main.(*T).Run'],
    ['std::vector<a/b>::push_back(int)', 'std::vector<a/b>::push_back(int)'],
    ['java.util.HashMap.get', 'java.util.HashMap.get'],
    ['node:internal/process/task_queues.run', 'node:internal/process/task_queues.run'],
    ['/usr/lib/libc.so.6', '/usr/lib/libc.so.6'],
    ['(anonymous)', '(anonymous)'],
    ['', ''],
  ])('shows %s as %s', (name, expected) => {
    expect(shortName(name)).toBe(expected);
  });
});
