import type { Logger } from '@everflame/service-kit';
import { asideName, type SealedSegment } from './segment.ts';
import { encodeRecords, encodeSegmentHeader, SEGMENT_HEADER_BYTES } from './segment-format.ts';
import type { SpoolFiles } from './spool-files.ts';
import type { QuarantineReason, SpoolObserver } from './spool-observer.ts';

/** How often it is looked whether an operator removed something. */
const RECOUNT_MS = 1000;

/** A record, or bytes that were one, that cannot be inserted. */
export interface SetAside {
  /** Where it was in the segment. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly reason: QuarantineReason;
  readonly message: string;
}

/**
 * Keeps what cannot be inserted, with the reasons. Per segment three files, which are the same however often they are
 * written: intact records as a segment (`NAMEq.spool`), damaged bytes as they are (`NAMEq.damaged`), and `NAMEq.json`.
 */
export class Quarantine {
  readonly #files: SpoolFiles;
  readonly #observer: SpoolObserver;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #bytes: number;

  private constructor(files: SpoolFiles, observer: SpoolObserver, logger: Logger, bytes: number) {
    this.#files = files;
    this.#observer = observer;
    this.#logger = logger;
    this.#bytes = bytes;
    this.#timer = setInterval(() => {
      if (this.#bytes > 0) this.#recount().catch(() => undefined);
    }, RECOUNT_MS);
    this.#timer.unref();
  }

  static async open(files: SpoolFiles, observer: SpoolObserver, logger: Logger): Promise<Quarantine> {
    return new Quarantine(files, observer, logger, await files.bytesAside());
  }

  close(): void {
    clearInterval(this.#timer);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When it resolves, everything is durable in the quarantine. */
  async setAside(segment: SealedSegment, items: readonly SetAside[]): Promise<void> {
    if (items.length === 0) return;
    const name = asideName(segment.name);
    const intact = items.filter(({ reason }) => reason !== 'damaged').map(({ bytes }) => bytes);
    const damaged = items.filter(({ reason }) => reason === 'damaged').map(({ bytes }) => bytes);
    if (intact.length > 0) {
      const { block } = encodeRecords(intact, SEGMENT_HEADER_BYTES);
      await this.#files.setAside(name, Buffer.concat([encodeSegmentHeader(), block]));
    }
    if (damaged.length > 0) await this.#files.setAside(sibling(name, 'damaged'), Buffer.concat(damaged));
    const report = items.map(({ bytes, ...item }) => ({ ...item, bytes: bytes.length }));
    await this.#files.setAside(
      sibling(name, 'json'),
      Buffer.from(`${JSON.stringify({ segment: segment.name, records: report }, undefined, 2)}\n`),
    );
    await this.#recount();
    for (const { reason } of items) this.#observer.quarantined(reason, 1);
    this.#logger.error(
      { segment: segment.name, records: report.length, first: report[0] },
      'records were set aside; see docs/operations.md#quarantine',
    );
  }

  /** For a segment that cannot be read at all. */
  async moveAside(segment: SealedSegment, error: unknown): Promise<void> {
    await this.#files.moveAside(segment.name);
    await this.#recount();
    this.#observer.quarantined('unreadable', 1);
    this.#logger.error(
      { segment: segment.name, err: error },
      'a segment that cannot be read was set aside; see docs/operations.md#quarantine',
    );
  }

  async #recount(): Promise<void> {
    this.#bytes = await this.#files.bytesAside();
  }
}

function sibling(name: string, extension: string): string {
  return name.replace(/spool$/, extension);
}
