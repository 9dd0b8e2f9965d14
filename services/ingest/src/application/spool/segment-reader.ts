import type { Logger } from '@everflame/service-kit';
import type { SetAside } from './quarantine.ts';
import type { SealedSegment } from './segment.ts';
import { parseSegment, type SegmentRecord } from './segment-format.ts';
import type { SpoolFiles } from './spool-files.ts';
import type { SpoolObserver } from './spool-observer.ts';

/** The records of a segment, and what of it can be none any more. */
export interface LoadedSegment {
  readonly records: readonly SegmentRecord[];
  readonly damaged: readonly SetAside[];
}

/** Reads segments back, and cuts off what a write that did not finish left at their end. */
export class SegmentReader {
  readonly #files: SpoolFiles;
  readonly #observer: SpoolObserver;
  readonly #logger: Logger;

  constructor(files: SpoolFiles, observer: SpoolObserver, logger: Logger) {
    this.#files = files;
    this.#observer = observer;
    this.#logger = logger;
  }

  /** Throws `SegmentVersionError` for a segment of a newer program, and what the file system throws. */
  async load(segment: SealedSegment): Promise<LoadedSegment> {
    if (segment.records !== undefined) return { records: segment.records, damaged: [] };
    const whole = await this.#files.read(segment.name);
    const file = whole.subarray(0, segment.bytes);
    const { records, damaged, validBytes } = parseSegment(file);
    if (validBytes < file.length) await this.#cut(segment, file.length, validBytes);
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

  async #cut(segment: SealedSegment, from: number, to: number): Promise<void> {
    this.#observer.tornTail();
    this.#logger.warn(
      { segment: segment.name, bytes: from - to },
      'cut off the end of a segment: a write that was never confirmed',
    );
    await this.#files.truncate(segment.name, to);
  }
}
