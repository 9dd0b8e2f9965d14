import { DomainError, LimitExceededError, MalformedProfileError } from '@everflame/profile';
import { constants, gunzipSync, gzipSync } from 'node:zlib';

const GZIP_MAGIC = [0x1f, 0x8b] as const;
const MAX_HINT_BYTES = 16 * 1024 * 1024;

/** Whether the bytes start like a gzip member. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];
}

/**
 * Inflates gzip (one or several members, also gzip inside gzip once) within a hard bound; other bytes pass through.
 * Throws `LimitExceededError` (`limit_decompressed_bytes`) before more than `maxBytes` are held, and
 * `MalformedProfileError` for damaged gzip. The size hint in the trailer is only trusted up to 16 MiB.
 */
export function gunzipBounded(bytes: Uint8Array, maxBytes: number): Uint8Array {
  let plain = bytes;
  for (let layer = 0; layer < 2 && isGzip(plain); layer++) plain = inflate(plain, maxBytes);
  if (plain.length > maxBytes) throw new LimitExceededError('decompressed_bytes', maxBytes, plain.length);
  return plain;
}

function inflate(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length < 18) throw new MalformedProfileError('The gzip data is cut short.');
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes, chunkSize: sizeHint(bytes, maxBytes) });
  } catch (error) {
    throw asDomainError(error, maxBytes);
  }
}

function sizeHint(bytes: Uint8Array, maxBytes: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const claimed = view.getUint32(bytes.byteLength - 4, true) + 16;
  return Math.max(1024, Math.min(claimed, MAX_HINT_BYTES, maxBytes));
}

function asDomainError(error: unknown, maxBytes: number): DomainError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return new LimitExceededError(
      'decompressed_bytes',
      maxBytes,
      'more',
      'Send smaller profiles, or raise the limit.',
    );
  }
  return new MalformedProfileError('The gzip data is damaged or cut short.', { cause: error });
}

/** Gzip at a level that costs little CPU. */
export function gzipFast(bytes: Uint8Array): Buffer {
  return gzipSync(bytes, { level: constants.Z_BEST_SPEED });
}
