import type { ProfileMapping } from '../profile-columns.ts';

/** A mapping that is being read. */
export type MappingFields = { -readonly [K in keyof ProfileMapping]: ProfileMapping[K] };

export const NO_MAPPING: ProfileMapping = {
  startLo: 0,
  startHi: 0,
  limitLo: 0,
  limitHi: 0,
  offsetLo: 0,
  offsetHi: 0,
  file: 0,
  buildId: 0,
  hasFunctions: false,
  hasFilenames: false,
  hasLineNumbers: false,
  hasInlineFrames: false,
};

const ADDRESSES = {
  2: ['startLo', 'startHi'],
  3: ['limitLo', 'limitHi'],
  4: ['offsetLo', 'offsetHi'],
} as const;
const FLAGS = { 7: 'hasFunctions', 8: 'hasFilenames', 9: 'hasLineNumbers', 10: 'hasInlineFrames' } as const;

/** Sets what field 2 to 4 and 7 to 10 of a mapping say. */
export function setMappingField(mapping: MappingFields, field: number, lo: number, hi: number): void {
  if (field in FLAGS) {
    mapping[FLAGS[field as keyof typeof FLAGS]] = (lo | hi) !== 0;
    return;
  }
  const [low, high] = ADDRESSES[field as keyof typeof ADDRESSES];
  mapping[low] = lo;
  mapping[high] = hi;
}
