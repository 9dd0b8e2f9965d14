import { loadavg } from 'node:os';

/** Prints a row of a table: a wide first column, then numbers to the right. */
export function printRow(first: string, ...rest: readonly string[]): void {
  process.stdout.write(`${first.padEnd(36)}${rest.map((cell) => cell.padStart(13)).join('')}\n`);
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** The load of the machine over the last minute: figures of a busy machine are worse than they need be. */
export function printLoad(when: string): void {
  printLine(`load of the machine ${when}: ${loadavg()[0]?.toFixed(1)}`);
}

export function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}

/** The value that a share of the sorted numbers is below; NaN of none. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The fastest of `rounds` runs for each input, in µs, after as many to warm up as `warmUp`. */
export function fastestOf<T>(
  inputs: readonly T[],
  run: (input: T) => unknown,
  rounds: number,
  warmUp: number,
): Float64Array {
  const fastest = new Float64Array(inputs.length).fill(Infinity);
  for (let round = -warmUp; round < rounds; round++) {
    inputs.forEach((input, i) => {
      const start = performance.now();
      run(input);
      const micros = (performance.now() - start) * 1e3;
      if (round >= 0 && micros < (fastest[i] ?? 0)) fastest[i] = micros;
    });
  }
  return fastest;
}
