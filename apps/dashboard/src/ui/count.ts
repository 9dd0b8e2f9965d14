/** A number with its noun: `1 profile`, `1,204 profiles`. */
export function countOf(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString('en')} ${value === 1 ? one : many}`;
}
