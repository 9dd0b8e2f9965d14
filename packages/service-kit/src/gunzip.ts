import { DomainError, LimitExceededError, MalformedProfileError } from '@everflame/profile';
import { constants, gunzipSync, gzipSync } from 'node:zlib';

const GZIP_MAGIC = [0x1f, 0x8b] as const;
const MAX_HINT_BYTES = 16 * 1024 * 1024;
/**
 * Size of the pieces where the trailer claims fewer bytes than the compressed data has: taken at its word, it would have
 * the data inflated in a great many tiny pieces.
 */
const CHUNK_BYTES = 64 * 1024;
/** Deflate makes no more than this many bytes of one. */
const MAX_RATIO = 1032;

/** Whether the bytes start like a gzip member. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];
}

/**
 * Inflates gzip (one or several members, also gzip inside gzip once) within a hard bound; other bytes pass through.
 * Throws `LimitExceededError` (`limit_decompressed_bytes`) before more than `maxBytes` are held, and
 * `MalformedProfileError` for damaged gzip. What says in its trailer that it is too large is refused before it is
 * inflated; a smaller size there is only a hint, trusted up to 16 MiB.
 */
export function gunzipBounded(bytes: Uint8Array, maxBytes: number): Uint8Array {
  let plain = bytes;
  for (let layer = 0; layer < 2 && isGzip(plain); layer++) plain = inflate(plain, maxBytes);
  if (plain.length > maxBytes) throw new LimitExceededError('decompressed_bytes', maxBytes, plain.length);
  return plain;
}

function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length < 18) throw new MalformedProfileError('The gzip data is cut short.');
  const claimed = claimedSize(bytes);
  if (claimed > maxBytes && claimed <= bytes.length * MAX_RATIO) throw tooLarge(maxBytes, claimed);
  const hint = claimed < bytes.length ? Math.min(CHUNK_BYTES, 8 * bytes.length) : claimed + 16;
  const chunkSize = Math.max(1024, Math.min(hint, MAX_HINT_BYTES, maxBytes));
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes, chunkSize });
  } catch (error) {
    throw asDomainError(error, maxBytes);
  }
}

/** The size modulo 2^32 that the trailer of the last member has. */
function claimedSize(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(bytes.byteLength - 4, true);
}

function tooLarge(maxBytes: number, sent: number | string): LimitExceededError {
  const hint = 'Send smaller profiles, or raise the limit.';
  return new LimitExceededError('decompressed_bytes', maxBytes, sent, hint);
}

function asDomainError(error: unknown, maxBytes: number): DomainError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(maxBytes, 'more');
  return new MalformedProfileError('The gzip data is damaged or cut short.', { cause: error });
}

/** Gzip at a level that costs little CPU. */
export function gzipFast(bytes: Uint8Array): Buffer {
  return gzipSync(bytes, { level: constants.Z_BEST_SPEED });
}
