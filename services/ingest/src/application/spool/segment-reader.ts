import type { QuarantineParts, SetAside } from './quarantine.ts';
import type { SealedSegment } from './segment.ts';
import { parseSegment, type SegmentRecord } from './segment-format.ts';

/** The records of a segment, and what of it can be none any more. */
export interface LoadedSegment {
  readonly records: readonly SegmentRecord[];
  readonly damaged: readonly SetAside[];
}

/**
 * Reads a segment back, and cuts off what a write that did not finish left at its end. Throws `SegmentVersionError` for a
 * segment of a newer program, and what the file system throws.
 */
export async function loadSegment(
  segment: SealedSegment,
  { files, observer, logger }: Pick<QuarantineParts, 'files' | 'observer' | 'logger'>,
): Promise<LoadedSegment> {
  if (segment.records !== undefined) return { records: segment.records, damaged: [] };
  const whole = await files.read(segment.name);
  const file = whole.subarray(0, segment.bytes);
  const { records, damaged, validBytes } = parseSegment(file);
  if (validBytes < file.length) {
    observer.tornTail();
    logger.warn(
      { segment: segment.name, bytes: file.length - validBytes },
      'cut off the end of a segment: a write that was never confirmed',
    );
    await files.truncate(segment.name, validBytes);
  }
  return {
    records,
    damaged: damaged.map(({ start, end, reason }) => ({
      offset: start,
      bytes: file.subarray(start, end),
      reason: 'damaged',
      message: `${reason} damaged`,
    })),
  };
}
