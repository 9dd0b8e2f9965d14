import {
  type FlatColumn,
  type FlatProfile,
  type FlattenOptions,
  fingerprintOf,
  type Hash64,
  hash64ToHex,
  Hasher64,
  hashStrings,
  type ProfileKind,
  profileKindOf,
  profileTypeOf,
} from '@everflame/profile';
import type { AcceptedType } from '../incoming-profile.ts';
import { checkRowRecord, RowRecordWriter } from '../record/row-record.ts';
import type { RetentionClass, RetentionPolicy } from '../retention.ts';
import { contentHash } from './content-hash.ts';
import type { FlattenedProfile } from './flatten-job.ts';
import type { CurrentProfile, LabelledGroup, SeriesOfProfile } from './profile-series.ts';
import { SeenSet } from './seen-set.ts';
import { checkAge, dayOf } from './timestamps.ts';

/** A label set of the profile that is worked on, and how long its series are kept. */
interface StoredGroup extends LabelledGroup {
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

/**
 * Writes the rows of flattened profiles into records; dictionary rows only when they were not written lately. A stack
 * that was written had its frames written before, so the frames of known stacks are not looked at.
 */
export class RowAppender {
  readonly #seenFrames = new SeenSet();
  readonly #seenStacks = new SeenSet();
  readonly #seenSeries = new SeenSet(1 << 16);
  readonly #retention: RetentionPolicy;
  readonly #hasher = new Hasher64();
  #writer = new RowRecordWriter();
  /** Whether each stack of the profile that is worked on was known before. */
  #known = new Uint8Array(1024);
  #knownFrames = new Uint8Array(1024);

  constructor(retention: RetentionPolicy) {
    this.#retention = retention;
  }

  /** Dictionary rows will be written again; for when some were lost. */
  forget(): void {
    this.#seenFrames.clear();
    this.#seenStacks.clear();
    this.#seenSeries.clear();
  }

  /** Gives memory back that a large profile took. */
  giveBack(): void {
    this.#writer = new RowRecordWriter();
    this.#known = new Uint8Array(1024);
    this.#knownFrames = new Uint8Array(1024);
  }

  /** Which stacks of the profile need not be expanded; to be asked once, before it is appended. */
  knownStacks({ stackOwner }: CurrentProfile): KnownStacks {
    return (idLo, idHi) => {
      if (this.#known.length < idLo.length) this.#known = new Uint8Array(2 * idLo.length);
      this.#seenStacks.find(idLo, idHi, stackOwner, this.#known);
      return this.#known;
    };
  }

  /**
   * The record of all rows of the profile, and what they hold, per sample type. Throws (`timestamp_too_old`) where one of
   * its series is not kept that long, and for a record that could not be read back.
   */
  append(
    current: CurrentProfile,
    flat: FlatProfile,
    series: SeriesOfProfile,
  ): Pick<FlattenedProfile, 'record' | 'accepted' | 'untimed'> {
    const groups = this.#storedGroups(current, series);
    const { profileName } = series;
    try {
      const content = contentOf(current);
      this.#start(current, flat, groups);
      this.#writeDictionaries(current, flat);
      const accepted = this.#writeTypes(current, flat, { profileName, groups, content });
      const record = this.#writer.finish();
      checkRowRecord(record);
      return { record, accepted, untimed: identityOf(current, content) };
    } catch (error) {
      // What is marked as written here may not have been.
      this.forget();
      throw error;
    }
  }

  #storedGroups({ job, timeMs }: CurrentProfile, { groups }: SeriesOfProfile): readonly StoredGroup[] {
    return groups.map(({ group, labels, fingerprint }) => {
      const retention = this.#retention.classOf(fingerprint, labels);
      checkAge(timeMs, job.nowMs, retention.days);
      return { group, labels, fingerprint, retention };
    });
  }

  #start({ job, timeMs, service }: CurrentProfile, flat: FlatProfile, groups: readonly StoredGroup[]): void {
    const retention = groups[0]?.retention ?? this.#retention.fallback;
    const durationMs = job.durationMs || flat.durationMs;
    const { tenant } = job;
    this.#writer.start({ tenant, service, timeMs, durationMs, period: flat.period, retention }, flat);
  }

  #writeDictionaries({ frameOwner, stackOwner }: CurrentProfile, { frames, stacks }: FlatProfile): void {
    if (this.#knownFrames.length < frames.count) this.#knownFrames = new Uint8Array(2 * frames.count);
    const known = this.#known;
    const knownFrames = this.#knownFrames;
    this.#seenFrames.find(frames.idLo, frames.idHi, frameOwner, knownFrames);
    for (let i = 0; i < frames.count; i++) {
      if (knownFrames[i] === 1) continue;
      this.#seenFrames.add(frames.idLo[i] as number, frames.idHi[i] as number, frameOwner);
      this.#writer.addFrame(i);
    }
    for (let i = 0; i < stacks.count; i++) {
      if (known[i] === 1) continue;
      this.#seenStacks.add(stacks.idLo[i] as number, stacks.idHi[i] as number, stackOwner);
      this.#writer.addStack(i);
    }
  }

  #writeTypes(
    { job, timeMs }: CurrentProfile,
    flat: FlatProfile,
    {
      profileName,
      groups,
      content,
    }: { readonly profileName: string; readonly groups: readonly StoredGroup[]; readonly content: Hash64 },
  ): readonly AcceptedType[] {
    const hasDuration = (job.durationMs || flat.durationMs) > 0;
    const day = { lo: dayOf(timeMs), hi: 0 };
    const isLate = day.lo < dayOf(job.nowMs);
    return flat.sampleTypes.map((sampleType, index) => {
      const type = profileTypeOf(profileName, sampleType, flat.periodType).id;
      const kind = job.kinds.get(sampleType.type) ?? profileKindOf(profileName, sampleType.type, hasDuration);
      return this.#writeType(groups, index, { type, kind, content, day, isLate });
    });
  }

  #writeType(groups: readonly StoredGroup[], index: number, series: SeriesOfType): AcceptedType {
    const { type, kind } = series;
    const columns: FlatColumn[] = [];
    let total = 0;
    for (const { group, labels, fingerprint, retention } of groups) {
      const column = group.columns[index];
      if (column === undefined || (column.values.length === 0 && groups.length > 1)) continue;
      columns.push(column);
      total += column.total;
      this.#writer.addRow({
        type,
        kind,
        fingerprint,
        profileId: this.#profileIdOf(series, fingerprint),
        labels: this.#isNewSeries(series, fingerprint) ? labels.entries() : undefined,
        retention,
        column,
      });
    }
    return { profileType: type, stacks: distinctStacks(columns), total };
  }

  /**
   * The same for the same bytes under the same labels, so that a repeated push is recognised. Two different profiles of
   * one series and instant count as one only where two 64-bit hashes collide; a sender who makes them collide on purpose
   * loses a profile of their own.
   */
  #profileIdOf({ type, content }: SeriesOfType, fingerprint: Hash64): Hash64 {
    const hasher = this.#hasher.start(fingerprint).addWord(content.lo).addWord(content.hi);
    return hasher.addString(type).finish().toHash64();
  }

  #isNewSeries({ type, kind, day, isLate }: SeriesOfType, fingerprint: Hash64): boolean {
    if (isLate) return true;
    const { lo, hi } = this.#hasher.start(fingerprint).addString(type).addString(kind).finish();
    return this.#seenSeries.add(lo, hi, day);
  }
}

/** Tells a repeated push that has no time; undefined for one that has. */
function identityOf({ job, isTimed, labels }: CurrentProfile, content: Hash64): Hash64 | undefined {
  if (isTimed) return undefined;
  return hashStrings([hash64ToHex(content), job.profileName], fingerprintOf(job.tenant, labels));
}

/**
 * Hash of the bytes that were pushed. Where only the key tells one push from another that has the same bytes, it is a
 * part of it.
 */
function contentOf({ job, isTimed }: CurrentProfile): Hash64 {
  const hash = contentHash(job.pprof);
  return isTimed || job.idempotencyKey === '' ? hash : hashStrings([job.idempotencyKey], hash);
}

function distinctStacks(columns: readonly FlatColumn[]): number {
  if (columns.length < 2) return columns[0]?.stacks.length ?? 0;
  const stacks = new Set<number>();
  for (const column of columns) for (const stack of column.stacks) stacks.add(stack);
  return stacks.size;
}
