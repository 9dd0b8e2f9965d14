export { DAY_MS, HOUR_MS, isCalendarTime, MINUTE_MS } from './calendar.ts';
export {
  DomainError,
  InvalidArgumentError,
  InvalidSelectorError,
  LimitExceededError,
  MalformedProfileError,
  NotFoundError,
  RateLimitedError,
  UnavailableError,
  type ErrorKind,
} from './errors.ts';
export {
  hash64FromDecimal,
  hash64ToDecimal,
  hash64ToHex,
  hashBytes,
  Hasher64,
  hashStrings,
  saltOf,
  type Hash64,
} from './hash64.ts';
export { fingerprintOf } from './labels/fingerprint.ts';
export { LABEL_INSTANCE, LABEL_SERVICE_NAME, LABEL_VERSION, LabelSet } from './labels/label-set.ts';
export { labelPredicate, type LabelPredicate } from './labels/label-predicate.ts';
export { checkMatchers, checkPatterns, MAX_REGEX_STEPS } from './labels/matcher-cost.ts';
export {
  formatSelector,
  LABEL_PROFILE_TYPE,
  MAX_MATCHERS,
  MAX_SELECTOR_LENGTH,
  parseSelector,
  type Matcher,
  type MatcherOp,
  type Selector,
} from './labels/selector.ts';
export {
  DEFAULT_LABEL_LIMITS,
  isLabelName,
  validateLabels,
  type LabelLimits,
} from './labels/validate-labels.ts';
export { compilePattern, type Pattern } from './pattern/pattern.ts';
export { normaliseProfile } from './normalise/normalise-profile.ts';
export { baseUnitOf, type BaseUnit } from './normalise/units.ts';
export {
  PprofBuilder,
  type PprofFunction,
  type PprofHeader,
  type PprofLabel,
  type PprofLocation,
} from './formats/pprof/pprof-builder.ts';
export { type ProfileColumns, type ProfileMapping, type StringTable } from './formats/profile-columns.ts';
export { ProfileDecoder } from './formats/profile-decoder.ts';
export { guessProfileName, PROFILE_KINDS, profileKindOf, type ProfileKind } from './profile-kind.ts';
export {
  isInBounds,
  PROFILE_BOUNDS,
  requireInBounds,
  requireRetention,
  requireValuesInBounds,
  type BoundedField,
} from './profile-bounds.ts';
export { parseProfileType, profileTypeOf, type ProfileType, type SampleType } from './profile-type.ts';
export { WireReader } from './formats/pprof/wire-reader.ts';
export { selectSampleTypes, type SampleTypeSelection } from './formats/pprof/select-sample-types.ts';
export {
  CUT_FRAME_NAME,
  DEFAULT_FLATTEN_LIMITS,
  type FlatColumn,
  type FlatFrameBytes,
  type FlatFrames,
  type FlatGroup,
  type FlatProfile,
  type FlatStacks,
  type FlattenLimits,
  type FlattenOptions,
} from './stacks/flat-profile.ts';
export { mergeGroups } from './stacks/merge-groups.ts';
export { DeltaScratch, DeltaTracker, type DeltaOptions, type DeltaResult } from './stacks/delta-tracker.ts';
export { StackFlattener } from './stacks/stack-flattener.ts';
export { visibleText } from './text.ts';
export { parseRange, parseTime, type TimeRange } from './time-range.ts';
