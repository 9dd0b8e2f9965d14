const trueNow = Date.now.bind(Date);

/** Sets the clock of this process (`Date.now`) ahead by so many ms, or back; timers go on as they did. 0 sets it right. */
export function setClockAhead(byMs: number): void {
  Date.now = byMs === 0 ? trueNow : () => trueNow() + byMs;
}
