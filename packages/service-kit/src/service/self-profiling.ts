import { DomainError, InvalidArgumentError } from '@everflame/profile';
import { encode, heap, time } from '@datadog/pprof';

type Profile = ReturnType<typeof time.stop>;

const HEAP_SAMPLE_BYTES = 512 * 1024;
const HEAP_STACK_DEPTH = 64;
const SAMPLE_INTERVAL_MICROS = 10_000;
const MAX_SECONDS = 120;

/** Starts the sampling of this process's heap; call once, early. */
export function startHeapSampling(): void {
  heap.start(HEAP_SAMPLE_BYTES, HEAP_STACK_DEPTH);
}

/** The live heap of this process as gzip'd pprof: `inuse_objects/count`, `inuse_space/bytes`. */
export async function heapProfile(): Promise<Buffer> {
  return encode(heap.profile());
}

/**
 * CPU profile of this process over `seconds`, gzip'd pprof with the sample types of a Go CPU profile
 * (`samples/count`, `cpu/nanoseconds`), so that services in both languages share one profile type.
 * Only one can run at a time.
 */
export async function cpuProfile(seconds: number): Promise<Buffer> {
  if (time.isStarted()) {
    const message = 'A CPU profile of this process is already being taken.';
    const hint = 'Try again when it has ended.';
    throw new DomainError('conflict', 'profile_in_progress', message, { hint });
  }
  time.start({
    intervalMicros: SAMPLE_INTERVAL_MICROS,
    durationMillis: seconds * 1000,
    withContexts: true,
    collectCpuTime: true,
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return encode(withoutWallTime(time.stop()));
}

/** Parses `?seconds=`; whole seconds from 1 to 120, 30 when absent. */
export function parseSeconds(text: string | undefined): number {
  const seconds = text === undefined ? 30 : Number(text);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_SECONDS) {
    throw new InvalidArgumentError(`seconds must be a whole number from 1 to ${MAX_SECONDS}.`);
  }
  return seconds;
}

/** Ids of the locations of `(idle)`: what CPU time they show is that of the sampling itself while nothing runs. */
function idleLocations(profile: Profile): ReadonlySet<number> {
  const strings = profile.stringTable.strings;
  const functions = new Set(
    profile.function.filter((fn) => strings[Number(fn.name)] === '(idle)').map((fn) => Number(fn.id)),
  );
  return new Set(
    profile.location
      .filter((location) => location.line.some((line) => functions.has(Number(line.functionId))))
      .map((location) => Number(location.id)),
  );
}

/** Keeps the CPU column (and the count of samples that burnt CPU) and drops wall time. */
function withoutWallTime(profile: Profile): Profile {
  const strings = profile.stringTable.strings;
  const typeIndex = (type: string): number =>
    profile.sampleType.findIndex((entry) => strings[Number(entry.type)] === type);
  const cpu = typeIndex('cpu');
  const count = typeIndex('sample');
  const [cpuType, countType] = [profile.sampleType[cpu], profile.sampleType[count]];
  if (cpuType === undefined || countType === undefined) return profile;
  countType.type = profile.stringTable.dedup('samples');
  profile.sampleType = [countType, cpuType];
  profile.periodType = cpuType;
  const idle = idleLocations(profile);
  profile.sample = profile.sample.filter(
    (sample) => Number(sample.value[cpu] ?? 0) > 0 && !idle.has(Number(sample.locationId[0])),
  );
  for (const sample of profile.sample) sample.value = [sample.value[count] ?? 0, sample.value[cpu] ?? 0];
  return profile;
}
