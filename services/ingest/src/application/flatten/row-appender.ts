import {
  type FlatColumn,
  type FlatGroup,
  type FlatProfile,
  type FlattenOptions,
  fingerprintOf,
  guessProfileName,
  type Hash64,
  hash64ToHex,
  Hasher64,
  hashStrings,
  LABEL_SERVICE_NAME,
  LabelSet,
  type ProfileKind,
  profileKindOf,
  profileTypeOf,
} from '@everflame/profile';
import { contentHash } from './content-hash.ts';
import type { FlattenedProfile, FlattenJob } from './flatten-job.ts';
import type { AcceptedType } from '../incoming-profile.ts';
import { checkRowRecord, RowRecordWriter } from '../record/row-record.ts';
import type { RetentionClass, RetentionPolicy } from '../retention.ts';
import { SeenSet } from './seen-set.ts';
import { checkAge } from './timestamps.ts';

/** The profile that is worked on. */
interface CurrentProfile {
  readonly job: FlattenJob;
  readonly timeMs: number;
  /** Whether that is when it was taken, and not when it was received. */
  readonly isTimed: boolean;
  readonly labels: LabelSet;
  readonly service: string;
  /** Dictionary rows of a frame count for its tenant and day, those of a stack for its service as well. */
  readonly frameScope: Hash64;
  readonly stackScope: Hash64;
}

/** One label set of a profile; each sample type makes a series of it. */
interface LabelledGroup {
  readonly group: FlatGroup;
  readonly labels: LabelSet;
  readonly fingerprint: Hash64;
  readonly retention: RetentionClass;
}

/** What the series of one sample type have in common. */
interface SeriesOfType {
  readonly type: string;
  readonly kind: ProfileKind;
  /** `contentOf` the profile. */
  readonly content: Hash64;
  readonly day: Hash64;
  /** Of a day that is over; its series may have been deleted since they were written. */
  readonly isLate: boolean;
}

type KnownStacks = NonNullable<FlattenOptions['knownStacks']>;

const DAY_MS = 86_400_000;

/**
 * Writes the rows of flattened profiles into records; dictionary rows only when they were not written lately. A stack
 * that was written had its frames written before, so the frames of known stacks are not looked at.
 */
export class RowAppender {
  private readonly seenFrames = new SeenSet();
  private readonly seenStacks = new SeenSet();
  private readonly seenSeries = new SeenSet(1 << 16);
  private readonly retention: RetentionPolicy;
  private readonly hasher = new Hasher64();
  private writer = new RowRecordWriter();
  private current: CurrentProfile | undefined;
  /** Whether each stack of the current profile was known before. */
  private known = new Uint8Array(1024);
  private knownFrames = new Uint8Array(1024);

  constructor(retention: RetentionPolicy) {
    this.retention = retention;
  }

  /** Dictionary rows will be written again; for when some were lost. */
  forget(): void {
    this.seenFrames.clear();
    this.seenStacks.clear();
    this.seenSeries.clear();
  }

  /** Gives memory back that a large profile took. */
  giveBack(): void {
    this.writer = new RowRecordWriter();
    this.known = new Uint8Array(1024);
    this.knownFrames = new Uint8Array(1024);
  }

  /** Begins a profile that is stored under `timeMs`; answers which stacks need not be expanded, for `flatten`. */
  begin(job: FlattenJob, timeMs: number, isTimed: boolean): KnownStacks {
    const labels = LabelSet.fromEntries(job.labels);
    const service = labels.get(LABEL_SERVICE_NAME) ?? '';
    // Dictionary rows live in weekly and monthly partitions and are dropped with them, so each day writes its own.
    const frameScope = hashStrings([job.tenant], dayOf(timeMs));
    const stackScope = hashStrings([service], frameScope);
    this.current = { job, timeMs, isTimed, labels, service, frameScope, stackScope };
    return (idLo, idHi) => {
      if (this.known.length < idLo.length) this.known = new Uint8Array(2 * idLo.length);
      this.seenStacks.find(idLo, idHi, stackScope, this.known);
      return this.known;
    };
  }

  /**
   * The record of all rows of the profile that was begun, and what they hold, per sample type. Throws
   * (`timestamp_too_old`) where one of its series is not kept that long, and for a record that could not be read back.
   */
  append(flat: FlatProfile): Pick<FlattenedProfile, 'record' | 'accepted' | 'untimed'> {
    if (this.current === undefined) throw new Error('No profile was begun.');
    const groups = this.labelledGroups(this.current, flat);
    try {
      const content = contentOf(this.current);
      const accepted = this.write(this.current, flat, groups, content);
      const record = this.writer.finish();
      checkRowRecord(record);
      return { record, accepted, untimed: this.identityOf(this.current, content) };
    } catch (error) {
      // What is marked as written here may not have been.
      this.forget();
      throw error;
    }
  }

  private labelledGroups({ job, timeMs, labels: own }: CurrentProfile, flat: FlatProfile): LabelledGroup[] {
    return flat.groups.map((group) => {
      // Labels of the pusher win over labels on samples: they identify the target.
      const labels = group.labels.length === 0 ? own : LabelSet.fromEntries(group.labels).with(own);
      const fingerprint = fingerprintOf(job.tenant, labels);
      const retention = this.retention.classOf(fingerprint, labels);
      checkAge(timeMs, job.nowMs, retention.days);
      return { group, labels, fingerprint, retention };
    });
  }

  private write(
    current: CurrentProfile,
    flat: FlatProfile,
    groups: readonly LabelledGroup[],
    content: Hash64,
  ): readonly AcceptedType[] {
    const { job, timeMs, service } = current;
    const { tenant } = job;
    const retention = groups[0]?.retention ?? this.retention.fallback;
    const durationMs = job.durationMs || flat.durationMs;
    this.writer.start({ tenant, service, timeMs, durationMs, period: flat.period, retention }, flat);
    this.writeDictionaries(current, flat);
    const profileName = job.profileName || guessProfileName(flat.sampleTypes, flat.periodType.type);
    const day = dayOf(timeMs);
    const isLate = day.lo < dayOf(job.nowMs).lo;
    return flat.sampleTypes.map((sampleType, index) => {
      const type = profileTypeOf(profileName, sampleType, flat.periodType).id;
      const kind =
        job.kinds.get(sampleType.type) ?? profileKindOf(profileName, sampleType.type, durationMs > 0);
      return this.writeType(groups, index, { type, kind, content, day, isLate });
    });
  }

  private writeDictionaries(
    { frameScope, stackScope }: CurrentProfile,
    { frames, stacks }: FlatProfile,
  ): void {
    if (this.knownFrames.length < frames.count) this.knownFrames = new Uint8Array(2 * frames.count);
    const { knownFrames } = this;
    this.seenFrames.find(frames.idLo, frames.idHi, frameScope, knownFrames);
    for (let i = 0; i < frames.count; i++) {
      if (knownFrames[i] === 1) continue;
      this.seenFrames.add(frames.idLo[i] as number, frames.idHi[i] as number, frameScope);
      this.writer.addFrame(i);
    }
    for (let i = 0; i < stacks.count; i++) {
      if (this.known[i] === 1) continue;
      this.seenStacks.add(stacks.idLo[i] as number, stacks.idHi[i] as number, stackScope);
      this.writer.addStack(i);
    }
  }

  private writeType(groups: readonly LabelledGroup[], index: number, series: SeriesOfType): AcceptedType {
    const { type, kind } = series;
    const columns: FlatColumn[] = [];
    let total = 0;
    for (const { group, labels, fingerprint, retention } of groups) {
      const column = group.columns[index];
      if (column === undefined || (column.values.length === 0 && groups.length > 1)) continue;
      columns.push(column);
      total += column.total;
      this.writer.addRow({
        type,
        kind,
        fingerprint,
        profileId: this.profileIdOf(series, fingerprint),
        labels: this.isNewSeries(series, fingerprint) ? labels.entries() : undefined,
        retention,
        column,
      });
    }
    return { profileType: type, stacks: distinctStacks(columns), total };
  }

  /**
   * The same for the same bytes under the same labels, so that a repeated push is recognised. Two profiles of one series
   * and instant are taken for one as seldom as two 64-bit hashes are the same; who brings that about on purpose loses a
   * profile of their own.
   */
  private profileIdOf({ type, content }: SeriesOfType, fingerprint: Hash64): Hash64 {
    return this.hasher
      .start(fingerprint)
      .addWord(content.lo)
      .addWord(content.hi)
      .addString(type)
      .finish()
      .toHash64();
  }

  /** Tells a repeated push that has no time; nothing for one that has. */
  private identityOf({ job, isTimed, labels }: CurrentProfile, content: Hash64): Hash64 | undefined {
    if (isTimed) return undefined;
    return hashStrings([hash64ToHex(content), job.profileName], fingerprintOf(job.tenant, labels));
  }

  private isNewSeries({ type, kind, day, isLate }: SeriesOfType, fingerprint: Hash64): boolean {
    if (isLate) return true;
    const { lo, hi } = this.hasher.start(fingerprint).addString(type).addString(kind).finish();
    return this.seenSeries.add(lo, hi, day);
  }
}

/**
 * Hash of the bytes that were pushed. Where only the key tells one push from another that has the same bytes, it is a
 * part of it.
 */
function contentOf({ job, isTimed }: CurrentProfile): Hash64 {
  const hash = contentHash(job.pprof);
  return isTimed || job.idempotencyKey === '' ? hash : hashStrings([job.idempotencyKey], hash);
}

function dayOf(timeMs: number): Hash64 {
  return { lo: Math.floor(timeMs / DAY_MS), hi: 0 };
}

function distinctStacks(columns: readonly FlatColumn[]): number {
  if (columns.length < 2) return columns[0]?.stacks.length ?? 0;
  const stacks = new Set<number>();
  for (const column of columns) for (const stack of column.stacks) stacks.add(stack);
  return stacks.size;
}
