/** Whether a schedule was made by a clock that was set back since: its next run is further ahead than it can be. */
export function isFarAhead(nextMs: number | undefined, everyMs: number): boolean {
  return (nextMs ?? 0) > Date.now() + 2 * everyMs;
}
