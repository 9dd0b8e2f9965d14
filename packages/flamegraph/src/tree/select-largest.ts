/**
 * The `k`-th largest value and how many values are larger, in linear time on average (Hoare's selection).
 * `k` is between 1 and the number of values.
 */
export function selectLargest(values: Float64Array, k: number): { threshold: number; above: number } {
  const scratch = values.slice();
  let low = 0;
  let high = scratch.length - 1;
  const wanted = k - 1;
  while (low < high) {
    const pivot = medianOfThree(scratch, low, high);
    let left = low;
    let right = high;
    while (left <= right) {
      while ((scratch[left] as number) > pivot) left++;
      while ((scratch[right] as number) < pivot) right--;
      if (left > right) break;
      const swapped = scratch[left] as number;
      scratch[left++] = scratch[right] as number;
      scratch[right--] = swapped;
    }
    if (wanted <= right) high = right;
    else if (wanted >= left) low = left;
    else break;
  }
  const threshold = scratch[wanted] as number;
  let above = 0;
  for (const value of values) if (value > threshold) above++;
  return { threshold, above };
}

function medianOfThree(values: Float64Array, low: number, high: number): number {
  const a = values[low] as number;
  const b = values[(low + high) >>> 1] as number;
  const c = values[high] as number;
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
