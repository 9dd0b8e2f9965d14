import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EncodedBatch, ProfileBatch } from '@everflame/storage';
import { quietLogger, addFrameRow } from '@everflame/testkit';
import { SpoolFolder } from '../../src/adapters/spool-folder.ts';
import type { ProfileStore } from '../../src/application/spool/profile-store.ts';
import { openSpool, type Spool, type SpoolOptions } from '../../src/application/spool/spool.ts';
import { type AppendFile, type SpoolFile, SpoolFiles } from '../../src/application/spool/spool-files.ts';
import type {
  InsertOutcome,
  QuarantineReason,
  RemovalCause,
  SpoolObserver,
} from '../../src/application/spool/spool-metrics.ts';

export const silent = quietLogger();

/** A folder in the system's temporary folder; `dispose` removes it. */
export class TestFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'everflame-spool-'));

  segments(): string[] {
    return readdirSync(this.path)
      .filter((name) => name.endsWith('.spool'))
      .toSorted();
  }

  quarantine(): string[] {
    return readdirSync(join(this.path, 'quarantine')).toSorted();
  }

  dispose(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Counts what the spool reports. */
export class Counts implements SpoolObserver {
  syncs = 0;
  records = 0;
  writeFailures = 0;
  tornTails = 0;
  readonly attempts: Record<InsertOutcome, number> = { stored: 0, unavailable: 0, refused: 0 };
  readonly aside: Partial<Record<QuarantineReason, number>> = {};
  readonly removed: Partial<Record<RemovalCause, number>> = {};

  synced(_seconds: number, records: number): void {
    this.syncs += 1;
    this.records += records;
  }
  writeFailed(): void {
    this.writeFailures += 1;
  }
  insertAttempt(outcome: InsertOutcome): void {
    this.attempts[outcome] += 1;
  }
  quarantined(reason: QuarantineReason, records: number): void {
    this.aside[reason] = (this.aside[reason] ?? 0) + records;
  }
  quarantineRemoved(cause: RemovalCause): void {
    this.removed[cause] = (this.removed[cause] ?? 0) + 1;
  }
  tornTail(): void {
    this.tornTails += 1;
  }
}

/** Keeps what is inserted. `onInsert` runs first and may throw. */
export class MemoryStore implements ProfileStore {
  readonly inserted: string[][] = [];
  onInsert: (records: readonly string[]) => Promise<void> | void = () => undefined;
  onNothing: () => void = () => undefined;

  async insert(batch: EncodedBatch): Promise<void> {
    const records = namesIn(batch);
    await this.onInsert(records);
    this.inserted.push(records);
  }

  async insertNothing(): Promise<void> {
    this.onNothing();
  }

  /** Each once, as what is inserted again replaces what is there. */
  get records(): string[] {
    return [...new Set(this.inserted.flat())];
  }
}

/** Stands for the codec: a record is the name of a frame in ASCII; one that begins with "malformed" cannot be read. */
export function appendNameRecord(rows: ProfileBatch, record: Uint8Array): void {
  const name = Buffer.from(record).toString('latin1');
  if (name.startsWith('malformed')) throw new Error(`${name} cannot be read`);
  addFrameRow(rows, {
    tenant: 't',
    dayMs: 0,
    idLo: 1,
    idHi: 2,
    name: `<${name}>`,
    file: '',
    line: 0,
    startLine: 0,
    systemName: '',
    buildId: '',
    addressLo: 0,
    addressHi: 0,
  });
}

/** What precedes the first colon of a name. */
function serviceIn(record: Uint8Array): string {
  return Buffer.from(record).toString('latin1').split(':', 1)[0] ?? '';
}

function namesIn(batch: EncodedBatch): string[] {
  const text = batch.tables.map(({ block }) => block.toString('latin1')).join('');
  return [...text.matchAll(/<([^>]*)>/g)].map((match) => match[1] ?? '');
}

/** A folder whose disk can be made to fail: after `bytesLeft` bytes writes end with ENOSPC, halfway where it comes so. */
export class FailingFiles extends SpoolFiles {
  bytesLeft = Infinity;
  syncError: Error | undefined;
  truncateError: Error | undefined;
  readonly inner: SpoolFiles;

  constructor(inner: SpoolFiles) {
    super();
    this.inner = inner;
  }

  override async create(name: string): Promise<AppendFile> {
    const file = await this.inner.create(name);
    return {
      write: async (bytes, position) => {
        const taken = Math.min(bytes.length, this.bytesLeft);
        this.bytesLeft -= taken;
        await file.write(bytes.subarray(0, taken), position);
        if (taken < bytes.length) {
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        }
      },
      sync: async () => {
        if (this.syncError !== undefined) throw this.syncError;
        await file.sync();
      },
      truncate: async (bytes) => {
        if (this.truncateError !== undefined) throw this.truncateError;
        await file.truncate(bytes);
      },
      close: () => file.close(),
    };
  }
  override list(): Promise<readonly SpoolFile[]> {
    return this.inner.list();
  }
  override read(name: string): Promise<Buffer> {
    return this.inner.read(name);
  }
  override truncate(name: string, bytes: number): Promise<void> {
    return this.inner.truncate(name, bytes);
  }
  override remove(name: string): Promise<void> {
    return this.inner.remove(name);
  }
  override setAside(name: string, bytes: Uint8Array): Promise<void> {
    return this.inner.setAside(name, bytes);
  }
  override moveAside(name: string): Promise<void> {
    return this.inner.moveAside(name);
  }
  override listAside(): Promise<readonly SpoolFile[]> {
    return this.inner.listAside();
  }
  override removeAside(name: string): Promise<void> {
    return this.inner.removeAside(name);
  }
  override release(): Promise<void> {
    return this.inner.release();
  }
}

export const SETTINGS = {
  segmentBytes: 8 << 20,
  segmentAgeMs: 10,
  maxQueuedBytes: 64 << 20,
  budgetBytes: 1 << 30,
  quarantineBytes: 1 << 28,
  quarantineAgeMs: 86_400_000,
  backoff: { baseMs: 2, maxMs: 20 },
} as const;

export type BenchOptions = Partial<Omit<SpoolOptions, 'settings'>> & {
  readonly settings?: Partial<SpoolOptions['settings']>;
};

/** A spool on a real folder in front of a store in memory. */
export class SpoolBench {
  readonly folder = new TestFolder();
  store = new MemoryStore();
  counts = new Counts();
  readonly #spools: Spool[] = [];

  async open({ settings, ...options }: BenchOptions = {}): Promise<Spool> {
    const spool = await openSpool({
      files: options.files ?? (await SpoolFolder.open(this.folder.path)),
      store: this.store,
      appendRecord: appendNameRecord,
      senderOf: (record) => ({ tenant: 't', service: serviceIn(record) }),
      prepare: () => Promise.resolve(),
      observer: this.counts,
      logger: silent,
      ...options,
      settings: { ...SETTINGS, ...settings },
    });
    this.#spools.push(spool);
    return spool;
  }

  async dispose(): Promise<void> {
    for (const spool of this.#spools) await spool.close();
    this.folder.dispose();
  }
}

export function add(spool: Spool, name: string, generation = spool.generation): Promise<void> {
  return spool.add(Buffer.from(name, 'latin1'), generation);
}
