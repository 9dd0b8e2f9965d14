import type { IngestLimits } from '../../../application/limits/limit-settings.ts';

/** A profile has no more sample types than this, so a push states no more kinds. */
export const MAX_KINDS = 64;
export const MAX_ID_BYTES = 1024;
/** Of the profile name and of a sample type: more than either may have, less than is worth attacking with. */
export const MAX_NAME_BYTES = 1024;
/** All texts besides those of labels and kinds, and room for as many again. */
const OTHER_TEXT_BYTES = 4096;
/** Fields of a message besides its labels and kinds, of which it has a few. */
const OTHER_FIELDS = 64;
/** Fields of a label or kind, and the field that it is. */
const FIELDS_OF_PAIR = 3;
/** The most that number, type and length of a field take, or a number in it. */
const FIELD_HEAD_BYTES = 16;
/** No UTF-16 code unit, which is what lengths are counted in, takes more bytes of UTF-8. */
const BYTES_PER_UNIT = 3;

/** The limits that bound what a push has besides its profile. */
export type PushLimits = Pick<IngestLimits, 'labels' | 'labelNameLength' | 'labelValueLength'>;

/** Those limits in what is counted while a message is read. */
export interface PushBounds extends PushLimits {
  /** Bytes of the name and of the value of a label. */
  readonly nameBytes: number;
  readonly valueBytes: number;
  /** Fields, those within fields and unknown ones included. */
  readonly fields: number;
  /** The most bytes besides the profile that a message can have without being over any of the others. */
  readonly bytes: number;
}

export function pushBounds({ labels, labelNameLength, labelValueLength }: PushLimits): PushBounds {
  const nameBytes = labelNameLength * BYTES_PER_UNIT;
  const valueBytes = labelValueLength * BYTES_PER_UNIT;
  const fields = (labels + MAX_KINDS) * FIELDS_OF_PAIR + OTHER_FIELDS;
  const textBytes = labels * (nameBytes + valueBytes) + MAX_KINDS * MAX_NAME_BYTES + OTHER_TEXT_BYTES;
  const bytes = textBytes + fields * FIELD_HEAD_BYTES;
  return { labels, labelNameLength, labelValueLength, nameBytes, valueBytes, fields, bytes };
}
