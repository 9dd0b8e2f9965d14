import { MalformedProfileError } from '../errors.ts';

interface ForeignFormat {
  readonly prefix: RegExp;
  readonly what: string;
  readonly hint: string;
}

const DEBUG_HINT =
  'Ask for the binary format: remove ?debug=1 or ?debug=2 from the URL of the pprof endpoint.';
const PPROF_HINT = 'Convert it first: go tool pprof -proto <file> writes a profile that can be read.';

const FORMATS: readonly ForeignFormat[] = [
  { prefix: /^HTTP\/\d/, what: 'an HTTP response with its headers', hint: 'Send the body alone.' },
  {
    prefix:
      /^(heap profile:|heap_v2|goroutine profile:|threadcreate profile:|goroutine \d+ \[|[\w/.-]+ profile: total )/,
    what: 'a text profile',
    hint: DEBUG_HINT,
  },
  {
    prefix: /^--- ?(mutex|contention|contentionz|threadz|heapz|growthz|Memory map)\b/,
    what: 'a text profile',
    hint: `${DEBUG_HINT} ${PPROF_HINT}`,
  },
  {
    prefix: /^\s*<(!doctype|html|\?xml)/i,
    what: 'an HTML page',
    hint: 'The URL answers with a page: check the path (such as /debug/pprof/heap), a login or a proxy in between.',
  },
  {
    prefix: /^go 1\.\d+ trace\0/,
    what: 'a Go execution trace',
    hint: 'Send /debug/pprof/profile instead of /debug/pprof/trace.',
  },
  { prefix: /^FLR\0/, what: 'a Java Flight Recording', hint: 'Convert it first: jfrconv -o pprof <file>.' },
  {
    prefix: /^\s*[{[]\s*["{[\]}]/,
    what: 'JSON',
    hint: 'Send the pprof format; .cpuprofile and .heapprofile files are not read here.',
  },
];

/** Throws a `MalformedProfileError` that says what was received when `bytes` begin like something other than pprof. */
export function refuseForeignFormat(bytes: Uint8Array): void {
  if (bytes.length === 0) {
    throw new MalformedProfileError('The profile is empty: there are no bytes.');
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new MalformedProfileError('The profile is still gzip-compressed.', {
      hint: 'Gunzip it before it is decoded; it may have been compressed twice.',
    });
  }
  if (isBinary(bytes[1] ?? 0) && bytes[0] !== 0) return;
  if (isGperftoolsCpu(bytes)) {
    throw received('a legacy CPU profile of gperftools', PPROF_HINT);
  }
  const head = String.fromCharCode(...bytes.subarray(0, 64));
  for (const { prefix, what, hint } of FORMATS) {
    if (prefix.test(head)) throw received(what, hint);
  }
  if (/^[\t\n\r -~]{16,}$/.test(head)) {
    throw received(
      `text (${JSON.stringify(head.slice(0, 40))}…)`,
      'Check that the URL answers with a profile.',
    );
  }
}

/** Whether a byte is never part of a text. A profile begins with a tag and a short length, which is such a byte. */
function isBinary(byte: number): boolean {
  return byte < 0x20 && (byte < 0x09 || byte > 0x0d);
}

function received(what: string, hint: string): MalformedProfileError {
  return new MalformedProfileError(`Received ${what} instead of a pprof profile.`, { hint });
}

/** Such a file begins with the words 0, 3, 0 of 4 or 8 bytes, little-endian. */
function isGperftoolsCpu(bytes: Uint8Array): boolean {
  const isZero = (from: number, to: number): boolean => bytes.subarray(from, to).every((byte) => byte === 0);
  if (bytes.length < 24 || !isZero(0, 4)) return false;
  return (bytes[4] === 3 && isZero(5, 12)) || (isZero(4, 8) && bytes[8] === 3 && isZero(9, 24));
}
