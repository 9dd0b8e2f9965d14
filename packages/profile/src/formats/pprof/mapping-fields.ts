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

/** Sets what field 2 to 4 and 7 to 10 of a mapping say. */
export function setMappingField(mapping: MappingFields, field: number, lo: number, hi: number): void {
  const isSet = (lo | hi) !== 0;
  switch (field) {
    case 2:
      mapping.startLo = lo;
      mapping.startHi = hi;
      break;
    case 3:
      mapping.limitLo = lo;
      mapping.limitHi = hi;
      break;
    case 4:
      mapping.offsetLo = lo;
      mapping.offsetHi = hi;
      break;
    case 7:
      mapping.hasFunctions = isSet;
      break;
    case 8:
      mapping.hasFilenames = isSet;
      break;
    case 9:
      mapping.hasLineNumbers = isSet;
      break;
    default:
      mapping.hasInlineFrames = isSet;
  }
}
