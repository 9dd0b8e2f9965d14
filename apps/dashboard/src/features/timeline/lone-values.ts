/** Values without a neighbour: no line is drawn to them, so that they need a dot to be seen. */
export function loneValues(values: ArrayLike<number | null | undefined>): number[] {
  const isMissing = (index: number): boolean => values[index] === null || values[index] === undefined;
  return Array.from({ length: values.length }, (_, index) => index).filter(
    (index) => !isMissing(index) && isMissing(index - 1) && isMissing(index + 1),
  );
}
