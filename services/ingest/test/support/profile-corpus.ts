import { gunzipSync } from 'node:zlib';
import { listCorpus, readTestdata, encodePprof, pprofOfCollapsed } from '@everflame/testkit';

/** Uncompressed profiles of the corpus that are smaller than `maxBytes`, and some of our own with labels and inlining. */
export function smallProfiles(maxBytes: number): readonly Uint8Array[] {
  const files = listCorpus()
    .filter((path) => path.includes('.pb'))
    .map((path) => readTestdata(path))
    .filter((bytes) => bytes.length < maxBytes)
    .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes))
    .filter((bytes) => bytes.length < maxBytes);
  return [...files, ...madeProfiles()];
}

function madeProfiles(): readonly Uint8Array[] {
  const type = { type: 'cpu', unit: 'nanoseconds' };
  const labels = [
    { key: 'endpoint', str: '/cart' },
    { key: 'thread id', str: '7' },
    { key: 'bytes', num: 9 },
  ];
  return [
    pprofOfCollapsed({ stacks: ['main;work;alloc 3', 'main 1'], labels: { endpoint: '/' } }),
    pprofOfCollapsed({
      stacks: ['a;b[go.shape.int] 3', '_ZN4core3fmt17h0123456789abcdefE 9007199254740991'],
    }),
    encodePprof({
      sampleTypes: [{ type: 'samples', unit: 'count' }, type],
      periodType: type,
      period: 10_000_000,
      timeNanos: 1_700_000_000_000_000_000n,
      durationNanos: 10_000_000_000n,
      functions: ['main', 'work', 'inlined'].map((name) => ({ name, file: `${name}.go`, startLine: 1 })),
      locations: [
        { lines: [{ function: 0, line: 3 }], address: 0x1000 },
        {
          lines: [
            { function: 2, line: 5 },
            { function: 1, line: 7 },
          ],
          address: 0x2000,
        },
        { lines: [], address: 0x3000 },
      ],
      samples: [
        { locations: [1, 0], values: [1, 10], labels },
        { locations: [2, 1, 0], values: [-2, 1 << 30], labels: labels.slice(1) },
        { locations: [], values: [3, 0] },
      ],
    }),
  ];
}
