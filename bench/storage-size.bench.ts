// Bytes that a sample and a profile take on disk, merged: 2 services, 5 pods each, 5 profile types every 15 s for
// STORAGE_BENCH_HOURS (6) in an embedded ClickHouse. The same data every time.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedClickHouse } from '@everflame/embedded-clickhouse';
import { fingerprintOf, LabelSet } from '@everflame/profile';
import { migrate, openClickHouse, ProfileBatch } from '@everflame/storage';
import { insertBatch, addProfileRow } from '@everflame/testkit';
import { printLine, printRow } from './load/figures.ts';
import { SHAPES, StackSource } from './load/fleet.ts';
import { randomFrom } from './load/variants.ts';

const HOURS = Number(process.env['STORAGE_BENCH_HOURS'] ?? 6);
const SERVICES = 2;
const PODS = 5;
const EVERY_MS = 15_000;
const ROUNDS_PER_BATCH = 20;

const folder = mkdtempSync(join(tmpdir(), 'everflame-bench-size-'));
const server = await startEmbeddedClickHouse({ dataDir: join(folder, 'clickhouse'), password: '' });
const clickhouse = openClickHouse({ url: server.url, database: 'everflame', requestTimeoutMs: 300_000 });
await migrate(clickhouse, { embedded: true });

async function ask(statement: string): Promise<string[][]> {
  const response = await fetch(server.url, { method: 'POST', body: `${statement} FORMAT TSV` });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
}

const random = randomFrom(7);
const series = Array.from({ length: SERVICES * PODS * SHAPES.length }, (_, i) => {
  const shape = SHAPES[i % SHAPES.length] ?? SHAPES[0];
  const pod = Math.floor(i / SHAPES.length) % PODS;
  const service = Math.floor(i / SHAPES.length / PODS);
  if (shape === undefined) throw new Error('There are no profile types.');
  const labels = LabelSet.of({ service_name: `service-${service}`, instance: `pod-${pod}` });
  return {
    shape,
    service: `service-${service}`,
    fingerprint: fingerprintOf('default', labels),
    source: new StackSource(shape, 1000 * service + SHAPES.indexOf(shape), 1_000_000 + i),
    offsetMs: Math.floor(random() * EVERY_MS),
  };
});
// At a day's start, so that every run has its profiles in the same partitions.
const startMs = Math.floor(Date.now() / 86_400_000 - 1) * 86_400_000;
const rounds = (HOURS * 3_600_000) / EVERY_MS;
let batch = new ProfileBatch();
for (let round = 0; round < rounds; round++) {
  for (const { shape, service, fingerprint, source, offsetMs } of series) {
    addProfileRow(batch, {
      tenant: 'default',
      retentionDays: 14,
      type: shape.type,
      kind: shape.kind,
      service,
      fingerprint,
      durationMs: 15_000,
      period: 10_000_000,
      timeMs: startMs + round * EVERY_MS + offsetMs + Math.floor(random() * 20),
      profileId: { lo: Math.floor(random() * 2 ** 32), hi: Math.floor(random() * 2 ** 32) },
      ...source.next(),
    });
  }
  if ((round + 1) % ROUNDS_PER_BATCH === 0 || round === rounds - 1) {
    await insertBatch(clickhouse, batch);
    batch = new ProfileBatch();
  }
}
await ask('OPTIMIZE TABLE everflame.profiles FINAL SETTINGS optimize_throw_if_noop = 0');

const [counts = []] = await ask('SELECT count(), sum(length(stacks)) FROM everflame.profiles');
const [profiles = NaN, samples = NaN] = counts.map(Number);
const [sizes = []] = await ask(
  `SELECT sum(bytes_on_disk), sum(data_compressed_bytes), count() FROM system.parts WHERE active AND database = 'everflame' AND table = 'profiles'`,
);
const [onDisk = NaN, , parts = NaN] = sizes.map(Number);
const columns = await ask(
  `SELECT column, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns WHERE active AND database = 'everflame' AND table = 'profiles' GROUP BY column ORDER BY bytes DESC`,
);
printLine(`${profiles} profiles, ${samples} samples, ${parts} parts\n`);
printRow('', 'B/sample', 'B/profile');
printRow('on disk', (onDisk / samples).toFixed(2), (onDisk / profiles).toFixed(1));
for (const [column = '', bytes = ''] of columns) {
  printRow(`  ${column}`, (Number(bytes) / samples).toFixed(3), (Number(bytes) / profiles).toFixed(1));
}
printLine(
  JSON.stringify({
    bench: 'storage-size',
    profiles,
    samples,
    bytesPerSample: onDisk / samples,
    bytesPerProfile: onDisk / profiles,
  }),
);
await clickhouse.close();
await server.close();
rmSync(folder, { recursive: true });
