import { InvalidArgumentError, LabelSet } from '@everflame/profile';

/** The labels of a push; throws `InvalidArgumentError` (`invalid_label`) for a name that is given twice. */
export function uniqueLabels(entries: readonly (readonly [string, string])[]): LabelSet {
  const labels = LabelSet.fromEntries(entries);
  if (labels.size === entries.length) return labels;
  throw new InvalidArgumentError('A label is given twice.', {
    code: 'invalid_label',
    hint: 'Send each label name once.',
  });
}

/** Returns the profile name as it is; throws `InvalidArgumentError` (`invalid_profile_name`). */
export function checkedName(name: string): string {
  if (name !== '' && !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) {
    throw new InvalidArgumentError('The profile name must be a word of up to 64 letters, digits and _.', {
      code: 'invalid_profile_name',
      hint: 'Use a name such as process_cpu or memory.',
    });
  }
  return name;
}

/** Returns the idempotency key as it is; throws `InvalidArgumentError` (`invalid_idempotency_key`). */
export function checkedKey(key: string): string {
  if (key !== '' && !/^[\x20-\x7e]{1,128}$/.test(key)) {
    throw new InvalidArgumentError('The idempotency key must have up to 128 printable ASCII characters.', {
      code: 'invalid_idempotency_key',
      hint: 'Use a UUID that is the same for every attempt to push this profile.',
    });
  }
  return key;
}
