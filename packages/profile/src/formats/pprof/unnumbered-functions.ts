import { MalformedProfileError } from '../../errors.ts';
import type { ProfileColumns } from '../profile-columns.ts';

/**
 * Repairs what some .NET profilers write: every function has the id 0, and function i belongs to location i, which has
 * one line. Call it with `lineFunction` still as ids, `lineCount` of them, and the functions numbered from 1.
 * Throws `MalformedProfileError` for any other profile with a function without id.
 */
export function numberFunctions(columns: ProfileColumns, lineCount: number, withoutId: number): void {
  const { functionCount, locationCount, lineStart, lineFunction } = columns;
  let isRepairable =
    withoutId === functionCount && functionCount === locationCount && lineCount === locationCount;
  for (let location = 0; location < locationCount && isRepairable; location++) {
    isRepairable = lineStart[location] === location && lineFunction[location] === 0;
  }
  if (!isRepairable) {
    throw new MalformedProfileError('Not a valid profile: a function has no id, or the reserved id 0.');
  }
  for (let location = 0; location < locationCount; location++) lineFunction[location] = location + 1;
}
