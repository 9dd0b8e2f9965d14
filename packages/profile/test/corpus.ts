import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../../../testdata/', import.meta.url));

export interface ExpectedSampleType {
  readonly type: string;
  readonly unit: string;
  readonly total: number;
  readonly stacks: number;
  readonly collapsedSha256: string;
}

export interface Expected {
  readonly files: readonly string[];
  readonly base?: readonly string[];
  readonly periodType: string;
  readonly period: number;
  readonly durationNanos: number;
  readonly sampleTypes: readonly ExpectedSampleType[];
}

export function readExpected(): readonly Expected[] {
  const text = readFileSync(`${root}expected/pprof.jsonl`, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Expected);
}

/** The file as it is. */
export function readCorpusFile(path: string): Uint8Array {
  return readFileSync(`${root}corpus/${path}`);
}

/** The gunzipped bytes of a profile of the corpus. */
export function readCorpusProfile(path: string): Uint8Array {
  const bytes = readCorpusFile(path);
  return bytes[0] === 0x1f ? gunzipSync(bytes) : bytes;
}

export function listCorpus(folder: string): readonly string[] {
  return readdirSync(`${root}corpus/${folder}`).map((name) => `${folder}/${name}`);
}
