import { InvalidArgumentError, LimitExceededError } from '../errors.ts';
import { LABEL_SERVICE_NAME, type LabelSet } from './label-set.ts';

/** Bounds of a label set; lengths in UTF-16 code units. */
const DEFAULT_LIMITS = { maxLabels: 30, maxNameLength: 128, maxValueLength: 1024 };

const NAME = /^[A-Za-z_][A-Za-z0-9_.]*$/;

/** Whether `name` can be the name of a label: a letter or `_`, then letters, digits, `_` and `.`. */
export function isLabelName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Checks a label set that is about to name a series.
 * Throws `LimitExceededError` (labels, label_name_length, label_value_length) or `InvalidArgumentError` (`invalid_label`).
 */
export function validateLabels(labels: LabelSet, limits = DEFAULT_LIMITS): void {
  if (labels.size > limits.maxLabels) throw new LimitExceededError('labels', limits.maxLabels, labels.size);
  for (const [name, value] of labels.entries()) {
    if (name.length > limits.maxNameLength) {
      throw new LimitExceededError('label_name_length', limits.maxNameLength, name.length);
    }
    if (!isLabelName(name)) {
      throw new InvalidArgumentError(`${JSON.stringify(name)} cannot be the name of a label.`, {
        code: 'invalid_label',
        hint: 'A label name starts with a letter or underscore and goes on with letters, digits, underscores and dots.',
      });
    }
    if (value.length > limits.maxValueLength) {
      throw new LimitExceededError(
        'label_value_length',
        limits.maxValueLength,
        value.length,
        `Shorten the value of ${name}.`,
      );
    }
  }
  if (!labels.get(LABEL_SERVICE_NAME)) {
    throw new InvalidArgumentError(`The label ${LABEL_SERVICE_NAME} is missing or empty.`, {
      code: 'invalid_label',
      hint: `Send ${LABEL_SERVICE_NAME} with every profile.`,
    });
  }
}
