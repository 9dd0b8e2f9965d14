import type { Clock, Logger } from '@everflame/service-kit';
import { asideName, type SealedSegment } from './segment.ts';
import { encodeRecords, encodeSegmentHeader, SEGMENT_HEADER_BYTES } from './segment-format.ts';
import type { SpoolFile, SpoolFiles } from './spool-files.ts';
import type { QuarantineReason, RemovalCause, SpoolObserver } from './spool-metrics.ts';

/** How often it is looked whether an operator removed something, or something is too old. */
const TIDY_MS = 1000;
/** A part of the budget that is worth a warning. */
const FILLING = 0.8;
const OWN_FILE = /^(\d{16}-[0-9a-f]{16}q?)\.(?:spool|damaged|json)$/;

/** A record, or bytes that were one, that cannot be inserted. */
export interface SetAside {
  /** Where it was in the segment. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly reason: QuarantineReason;
  readonly message: string;
}

export interface QuarantineParts {
  readonly files: SpoolFiles;
  readonly observer: SpoolObserver;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Beyond as many the oldest are removed; what was set aside last stays in any case. */
  readonly maxBytes: number;
  /** What is older is removed. */
  readonly maxAgeMs: number;
}

/**
 * Keeps what cannot be inserted, with the reasons. Per segment three files, which are the same however often they are
 * written: intact records as a segment (`NAMEq.spool`), damaged bytes as they are (`NAMEq.damaged`), and `NAMEq.json`.
 * It has a budget of its own, so that it takes no room from what is going to be inserted.
 */
export class Quarantine {
  readonly #parts: QuarantineParts;
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #isFilling = false;
  #tidying: Promise<void> = Promise.resolve();

  private constructor(parts: QuarantineParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => {
      if (this.#bytes > 0) void this.#tidy();
    }, TIDY_MS);
    this.#timer.unref();
  }

  static async open(parts: QuarantineParts): Promise<Quarantine> {
    const quarantine = new Quarantine(parts);
    await quarantine.#tidy();
    return quarantine;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get maxBytes(): number {
    return this.#parts.maxBytes;
  }

  /** When it resolves, everything is durable in the quarantine. */
  async setAside(segment: SealedSegment, items: readonly SetAside[]): Promise<void> {
    if (items.length === 0) return;
    const { files, observer, logger } = this.#parts;
    const name = asideName(segment.name);
    const intact = items.filter(({ reason }) => reason !== 'damaged').map(({ bytes }) => bytes);
    const damaged = items.filter(({ reason }) => reason === 'damaged').map(({ bytes }) => bytes);
    if (intact.length > 0) {
      const { block } = encodeRecords(intact, SEGMENT_HEADER_BYTES);
      await files.setAside(name, Buffer.concat([encodeSegmentHeader(), block]));
    }
    if (damaged.length > 0) await files.setAside(sibling(name, 'damaged'), Buffer.concat(damaged));
    const report = items.map(({ bytes, ...item }) => ({ ...item, bytes: bytes.length }));
    await files.setAside(
      sibling(name, 'json'),
      Buffer.from(`${JSON.stringify({ segment: segment.name, records: report }, undefined, 2)}\n`),
    );
    await this.#tidy();
    for (const { reason } of items) observer.quarantined(reason, 1);
    logger.error(
      { segment: segment.name, records: report.length, first: report[0] },
      'records were set aside; see docs/runbook.md#quarantine',
    );
  }

  /** For a segment that cannot be read at all. */
  async moveAside(segment: SealedSegment, error: unknown): Promise<void> {
    const { files, observer, logger } = this.#parts;
    await files.moveAside(segment.name);
    await this.#tidy();
    observer.quarantined('unreadable', 1);
    logger.error(
      { segment: segment.name, err: error },
      'a segment that cannot be read was set aside; see docs/runbook.md#quarantine',
    );
  }

  /** Counts what is there and removes what is too old or too much; one at a time. Never rejects. */
  #tidy(): Promise<void> {
    this.#tidying = this.#tidying
      .then(() => this.#removeExcess())
      .catch((error: unknown) =>
        this.#parts.logger.warn({ err: error }, 'looking through the quarantine failed'),
      );
    return this.#tidying;
  }

  async #removeExcess(): Promise<void> {
    const { files, clock, maxBytes, maxAgeMs } = this.#parts;
    const found = asideOf(await files.listAside());
    this.#bytes = found.reduce((sum, { bytes }) => sum + bytes, 0);
    const newest = found.at(-1);
    for (const aside of found) {
      const isOld = clock.now() - aside.modifiedMs > maxAgeMs;
      if (!isOld && (this.#bytes <= maxBytes || aside === newest)) break;
      await this.#remove(aside, isOld ? 'age' : 'budget');
    }
    this.#warnOnceFilling();
  }

  async #remove({ names, bytes, modifiedMs }: Aside, cause: RemovalCause): Promise<void> {
    const { files, observer, logger } = this.#parts;
    for (const name of names) await files.removeAside(name);
    this.#bytes -= bytes;
    observer.quarantineRemoved(cause);
    logger.error(
      { files: names, bytes, since: new Date(modifiedMs).toISOString(), cause },
      'records that were set aside are removed for good; see docs/runbook.md#quarantine',
    );
  }

  #warnOnceFilling(): void {
    const { logger, maxBytes } = this.#parts;
    const isFilling = this.#bytes >= FILLING * maxBytes;
    if (isFilling && !this.#isFilling) {
      logger.warn(
        { bytes: this.#bytes, maxBytes },
        'the quarantine is filling up; what was set aside first goes first. See docs/runbook.md#quarantine',
      );
    }
    this.#isFilling = isFilling;
  }
}

/** The files of one segment that are in the quarantine. */
interface Aside {
  readonly names: string[];
  bytes: number;
  modifiedMs: number;
}

/** What is set aside, by segment, the oldest first; other files are not ours. */
function asideOf(files: readonly SpoolFile[]): readonly Aside[] {
  const byName = new Map<string, Aside>();
  for (const { name, bytes, modifiedMs } of files) {
    const stem = OWN_FILE.exec(name)?.[1];
    if (stem === undefined) continue;
    const aside = byName.get(stem) ?? { names: [], bytes: 0, modifiedMs: 0 };
    aside.names.push(name);
    aside.bytes += bytes;
    aside.modifiedMs = Math.max(aside.modifiedMs, modifiedMs);
    byName.set(stem, aside);
  }
  return [...byName.values()].toSorted((a, b) => a.modifiedMs - b.modifiedMs);
}

function sibling(name: string, extension: string): string {
  return name.replace(/spool$/, extension);
}
