import { MalformedProfileError } from '../errors.ts';
import { PprofDecoder } from './pprof/pprof-decoder.ts';
import type { ProfileColumns } from './profile-columns.ts';

/** Decodes one format into columns. Reuses its memory: a result is valid until the next `decode`. */
type FormatDecoder = Pick<PprofDecoder, 'decode'>;

/** A format that can be read, or what else may be sent in its place, which is refused. */
interface Format {
  /** Whether bytes begin like it; `head` has the first of them as characters. */
  readonly isFormat: (head: string, bytes: Uint8Array) => boolean;
  /** Throws the error that says what was received where that is refused. */
  readonly makeDecoder: (head: string) => FormatDecoder;
}

const HEAD_BYTES = 64;
const DEBUG_HINT =
  'Ask for the binary format: remove ?debug=1 or ?debug=2 from the URL of the pprof endpoint.';
const CONVERT_HINT = 'Convert it first: go tool pprof -proto <file> writes a profile that can be read.';

/** It has no signature: it is also what nothing else was recognised in. */
const PPROF: Format = {
  isFormat: (_, bytes) => beginsLikePprof(bytes),
  makeDecoder: () => new PprofDecoder(),
};

/** In the order in which they are looked for. A format that can be read has a folder beside this file and a row here. */
const FORMATS: readonly Format[] = [
  {
    isFormat: (_, bytes) => bytes.length === 0,
    makeDecoder: () => {
      throw new MalformedProfileError('The profile is empty: there are no bytes.');
    },
  },
  {
    isFormat: (_, bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b,
    makeDecoder: () => {
      throw new MalformedProfileError('The profile is still gzip-compressed.', {
        hint: 'Gunzip it before it is decoded; it may have been compressed twice.',
      });
    },
  },
  PPROF,
  {
    isFormat: (_, bytes) => isGperftoolsCpu(bytes),
    makeDecoder: refused('a legacy CPU profile of gperftools', CONVERT_HINT),
  },
  begins(/^HTTP\/\d/, 'an HTTP response with its headers', 'Send the body alone.'),
  begins(
    /^(heap profile:|heap_v2|goroutine profile:|threadcreate profile:|goroutine \d+ \[|[\w/.-]+ profile: total )/,
    'a text profile',
    DEBUG_HINT,
  ),
  begins(
    /^--- ?(mutex|contention|contentionz|threadz|heapz|growthz|Memory map)\b/,
    'a text profile',
    `${DEBUG_HINT} ${CONVERT_HINT}`,
  ),
  begins(
    /^\s*<(!doctype|html|\?xml)/i,
    'an HTML page',
    'The URL answers with a page: check the path (such as /debug/pprof/heap), a login or a proxy in between.',
  ),
  begins(
    /^go 1\.\d+ trace\0/,
    'a Go execution trace',
    'Send /debug/pprof/profile instead of /debug/pprof/trace.',
  ),
  begins(/^FLR\0/, 'a Java Flight Recording', 'Convert it first: jfrconv -o pprof <file>.'),
  begins(
    /^\s*[{[]\s*["{[\]}]/,
    'JSON',
    'Send the pprof format; .cpuprofile and .heapprofile files are not read here.',
  ),
  {
    isFormat: (head) => /^[\t\n\r -~]{16,}$/.test(head),
    makeDecoder: (head) =>
      refused(`text (${JSON.stringify(head.slice(0, 40))}…)`, 'Check that the URL answers with a profile.')(),
  },
];

/**
 * Decodes profiles of all formats that are read. Reuses its memory: keep one per thread, and be done with a result before
 * the next `decode`.
 */
export class ProfileDecoder {
  /** Those of the formats that were met. */
  readonly #decoders = new Map<Format, FormatDecoder>();

  /**
   * Decodes an uncompressed profile; the result shares `bytes` for its strings. Throws `MalformedProfileError`, which says
   * what was received where that is recognised, or `LimitExceededError` for more than `maxSamples` samples or more rows of
   * a table than `TABLE_LIMITS` says.
   */
  decode(bytes: Uint8Array, maxSamples = Infinity): ProfileColumns {
    const head = String.fromCharCode(...bytes.subarray(0, HEAD_BYTES));
    const format = FORMATS.find(({ isFormat }) => isFormat(head, bytes)) ?? PPROF;
    const decoder = this.#decoders.get(format) ?? format.makeDecoder(head);
    this.#decoders.set(format, decoder);
    return decoder.decode(bytes, maxSamples);
  }
}

function begins(prefix: RegExp, what: string, hint: string): Format {
  return { isFormat: (head) => prefix.test(head), makeDecoder: refused(what, hint) };
}

function refused(what: string, hint: string): () => never {
  return () => {
    throw new MalformedProfileError(`Received ${what} instead of a pprof profile.`, { hint });
  };
}

/** Whether it begins with a tag and a short length, a byte that is never part of a text. */
function beginsLikePprof([tag = 0, length = 0]: Uint8Array): boolean {
  return tag !== 0 && length < 0x20 && (length < 0x09 || length > 0x0d);
}

/** Such a file begins with the words 0, 3, 0 of 4 or 8 bytes, little-endian. */
function isGperftoolsCpu(bytes: Uint8Array): boolean {
  const isZero = (from: number, to: number): boolean => bytes.subarray(from, to).every((byte) => byte === 0);
  if (bytes.length < 24 || !isZero(0, 4)) return false;
  return (bytes[4] === 3 && isZero(5, 12)) || (isZero(4, 8) && bytes[8] === 3 && isZero(9, 24));
}
