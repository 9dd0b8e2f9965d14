export {
  DomainError,
  InvalidArgumentError,
  InvalidSelectorError,
  LimitExceededError,
  MalformedProfileError,
  NotFoundError,
  UnavailableError,
  type ErrorKind,
} from './errors.ts';
export type { Hash64 } from './hash64.ts';
export {
  guessProfileName,
  parseProfileType,
  PROFILE_KINDS,
  profileKindOf,
  profileTypeOf,
  type ProfileKind,
  type ProfileType,
  type SampleType,
} from './profile-type.ts';
