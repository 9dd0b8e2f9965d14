import { readFileSync, readlinkSync } from 'node:fs';

/** Linux counts in hundredths of a second for programs, whatever its own clock does. */
const MS_PER_TICK = 10;
/** Places of the CPU time, of the program and of the kernel for it, behind the name in `stat`. */
const USER_TICKS = 11;
const KERNEL_TICKS = 12;

/** The number that the operating system knows this thread by; undefined where it does not say. */
export function ownTaskId(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  } catch {
    return undefined;
  }
}

/** CPU time that a thread of this process has had, in ms; undefined where the operating system does not say. */
export function cpuMsOf(taskId: number): number | undefined {
  try {
    const fields =
      readFileSync(`/proc/self/task/${taskId}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[USER_TICKS]) + Number(fields[KERNEL_TICKS])) * MS_PER_TICK;
  } catch {
    return undefined;
  }
}
