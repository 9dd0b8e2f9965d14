import { createHash } from 'node:crypto';
import {
  fingerprintOf,
  type FlatColumn,
  type FlatGroup,
  type FlatProfile,
  type Hash64,
  hashStrings,
  LABEL_SERVICE_NAME,
  type LabelSet,
  LabelSet as Labels,
  type ProfileKind,
  profileKindOf,
  profileTypeOf,
  type SampleType,
} from '@everflame/profile';
import type { ProfileBatch } from '@everflame/storage';
import type { AcceptedType, IncomingProfile } from './incoming-profile.ts';
import { SeenSet } from './seen-set.ts';

export interface FlatIncoming {
  readonly incoming: IncomingProfile;
  readonly flat: FlatProfile;
  readonly profileName: string;
  readonly timeMs: number;
}

/** One series of a profile: a label set under one profile type. */
interface Series {
  readonly type: string;
  readonly kind: ProfileKind;
  readonly service: string;
  readonly labels: LabelSet;
  readonly fingerprint: Hash64;
}

const DAY_MS = 86_400_000;

/** Writes the rows of flattened profiles into a batch; dictionary rows only when they were not written lately. */
export class RowAppender {
  private readonly seenFrames = new SeenSet();
  private readonly seenStacks = new SeenSet();
  private readonly seenSeries = new SeenSet(1 << 16);
  private readonly retentionDays: number;

  constructor(retentionDays: number) {
    this.retentionDays = retentionDays;
  }

  /** Dictionary rows will be written again; for when a batch was lost. */
  forget(): void {
    this.seenFrames.clear();
    this.seenStacks.clear();
    this.seenSeries.clear();
  }

  /** Appends all rows of one profile and says what they hold, per sample type. */
  append(rows: ProfileBatch, profile: FlatIncoming): readonly AcceptedType[] {
    const { flat, incoming } = profile;
    this.appendFrames(rows, profile);
    this.appendStacks(rows, profile);
    const content = contentHash(incoming.pprof);
    return flat.sampleTypes.map((sampleType, index) => {
      const stacks = new Set<number>();
      let total = 0;
      const type = profileTypeOf(profile.profileName, sampleType, flat.periodType).id;
      for (const group of flat.groups) {
        const column = group.columns[index];
        if (column === undefined || (column.values.length === 0 && flat.groups.length > 1)) continue;
        for (const stack of column.stacks) stacks.add(stack);
        total += column.total;
        this.appendRow(rows, profile, this.seriesOf(profile, group, sampleType, type), { column, content });
      }
      return { profileType: type, stacks: stacks.size, total };
    });
  }

  private seriesOf(profile: FlatIncoming, group: FlatGroup, sampleType: SampleType, type: string): Series {
    const { incoming, flat, profileName } = profile;
    // Labels of the pusher win over labels on samples: they identify the target.
    const labels = Labels.fromEntries(group.labels).with(incoming.labels);
    const durationMs = incoming.durationMs || flat.durationMs;
    return {
      type,
      kind:
        incoming.kinds.get(sampleType.type) ?? profileKindOf(profileName, sampleType.type, durationMs > 0),
      service: labels.get(LABEL_SERVICE_NAME) ?? '',
      labels,
      fingerprint: fingerprintOf(incoming.tenant, labels),
    };
  }

  private appendRow(
    rows: ProfileBatch,
    profile: FlatIncoming,
    series: Series,
    { column, content }: { column: FlatColumn; content: string },
  ): void {
    const { incoming, flat, timeMs } = profile;
    const tenant = incoming.tenant;
    const { fingerprint, labels, ...identity } = series;
    const profileId = hashStrings([content, series.type, labels.toString()]);
    rows.addProfile({
      ...identity,
      tenant,
      retentionDays: this.retentionDays,
      fingerprint,
      timeMs,
      profileId,
      durationMs: incoming.durationMs || flat.durationMs,
      period: flat.period,
      total: column.total,
      stackIdLo: column.stacks.map((stack) => flat.stacks.idLo[stack] as number),
      stackIdHi: column.stacks.map((stack) => flat.stacks.idHi[stack] as number),
      values: column.values,
    });
    const seriesHash = hashStrings([series.type], fingerprint);
    if (this.seenSeries.add(seriesHash.lo, seriesHash.hi, dayOf(timeMs))) {
      rows.addSeries({ ...identity, tenant, dayMs: timeMs, fingerprint, labels: [...labels.entries()] });
    }
  }

  // Dictionary rows live in weekly and monthly partitions and are dropped with them, so each day writes its own.
  private appendFrames(rows: ProfileBatch, { flat, incoming, timeMs }: FlatIncoming): void {
    const { frames } = flat;
    const day = dayOf(timeMs);
    for (let i = 0; i < frames.count; i++) {
      const idLo = frames.idLo[i] as number;
      const idHi = frames.idHi[i] as number;
      if (!this.seenFrames.add(idLo, idHi, day)) continue;
      rows.addFrame({
        tenant: incoming.tenant,
        dayMs: timeMs,
        idLo,
        idHi,
        name: frames.name(i),
        file: frames.file(i),
        line: frames.line[i] as number,
        startLine: frames.startLine[i] as number,
        systemName: frames.systemName(i),
        buildId: frames.buildId(i),
        addressLo: frames.addressLo[i] as number,
        addressHi: frames.addressHi[i] as number,
      });
    }
  }

  private appendStacks(rows: ProfileBatch, { flat, incoming, timeMs }: FlatIncoming): void {
    const { frames, stacks } = flat;
    const service = incoming.labels.get(LABEL_SERVICE_NAME) ?? '';
    const scope = hashStrings([service], { lo: dayOf(timeMs), hi: 0 }).lo;
    for (let i = 0; i < stacks.count; i++) {
      const idLo = stacks.idLo[i] as number;
      const idHi = stacks.idHi[i] as number;
      if (!this.seenStacks.add(idLo, idHi, scope)) continue;
      const ofStack = stacks.frames.subarray(stacks.offsets[i], stacks.offsets[i + 1]);
      rows.addStack({
        tenant: incoming.tenant,
        service,
        dayMs: timeMs,
        idLo,
        idHi,
        frameIdLo: ofStack.map((frame) => frames.idLo[frame] as number),
        frameIdHi: ofStack.map((frame) => frames.idHi[frame] as number),
      });
    }
  }
}

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** Identity of the bytes that were sent, so that a repeated push is recognised. */
function contentHash(pprof: Uint8Array): string {
  return createHash('sha1').update(pprof).digest('base64');
}
