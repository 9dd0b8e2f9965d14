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
  Hasher64,
  hashStrings,
  saltOf,
  type Hash64,
} from './hash64.ts';
export { fingerprintOf, LABEL_INSTANCE, LABEL_SERVICE_NAME, LabelSet } from './labels/label-set.ts';
export { labelPredicate, type LabelPredicate } from './labels/label-predicate.ts';
export { checkMatchers, checkPatterns } from './labels/matcher-cost.ts';
export {
  formatSelector,
  parseSelector,
  type Matcher,
  type MatcherOp,
  type Selector,
} from './labels/selector.ts';
export { isLabelName, validateLabels } from './labels/validate-labels.ts';
export { compilePattern, type Pattern } from './pattern/pattern.ts';
export { normaliseProfile } from './normalise/normalise-profile.ts';
export { PprofBuilder } from './formats/pprof/pprof-builder.ts';
export type { ProfileColumns } from './formats/profile-columns.ts';
export { ProfileDecoder } from './formats/formats.ts';
export { guessProfileName, PROFILE_KINDS, profileKindOf, type ProfileKind } from './profile-kind.ts';
export {
  isInBounds,
  PROFILE_BOUNDS,
  requireInBounds,
  requireRetention,
  requireValuesInBounds,
  type BoundedField,
} from './profile-bounds.ts';
export { parseProfileType, profileTypeOf, type ProfileType } from './profile-type.ts';
export { WireReader } from './formats/pprof/wire-reader.ts';
export { selectSampleTypes } from './formats/pprof/select-sample-types.ts';
export type {
  FlatColumn,
  FlatFrames,
  FlatGroup,
  FlatProfile,
  FlattenOptions,
} from './stacks/flat-profile.ts';
export { mergeGroups } from './stacks/merge-groups.ts';
export { DeltaScratch, DeltaTracker } from './stacks/delta-tracker.ts';
export { StackFlattener } from './stacks/stack-flattener.ts';
export { visibleText } from './text.ts';
export { DAY_MS, HOUR_MS, isCalendarTime, MINUTE_MS, parseRange, type TimeRange } from './time-range.ts';
