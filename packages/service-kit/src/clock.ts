/** Time source; injected so that tests can move it. */
export interface Clock {
  /** Milliseconds: since 1970 unless said otherwise. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** For how long something takes: counts from some moment in the past, and no setting of the machine's clock moves it. */
export const stopwatch: Clock = { now: () => performance.now() };
