import type { ServicesResponse } from '@everflame/contract';
import type { ServicesSearch } from './search.ts';

type Service = ServicesResponse['services'][number];
type ServiceType = Service['types'][number];

/** A level of one service with the one of the previous range; null where it is not profiled. */
export interface Level {
  readonly now: number;
  readonly before: number | null;
}

/** What the list shows of one service: CPU in cores, live heap in bytes, versions from the newest on. */
export type ServiceRow = ReturnType<typeof serviceRows>[number];

function isCpu(type: ServiceType): boolean {
  return type.id.startsWith('process_cpu:cpu:nanoseconds:');
}

function isHeap(type: ServiceType): boolean {
  const [, sampleType, sampleUnit] = type.id.split(':');
  return (
    type.kind === 'gauge' &&
    sampleUnit === 'bytes' &&
    (sampleType === 'inuse_space' || sampleType === 'space')
  );
}

const NANOS_PER_SECOND = 1e9;

/** Turns the answer into rows: nanoseconds of CPU per second become cores. */
export function serviceRows(answer: ServicesResponse) {
  return answer.services.map((service) => {
    const cpu = service.types.find(isCpu);
    const heap = service.types.find(isHeap);
    return {
      name: service.name,
      cpu: cpu ? level(cpu, NANOS_PER_SECOND) : null,
      heap: heap ? level(heap, 1) : null,
      versions: service.versions
        .toSorted((a, b) => b.lastSeen - a.lastSeen || b.firstSeen - a.firstSeen)
        .map(({ version }) => version)
        .filter((version) => version !== ''),
      instances: service.instances,
      lastSeen: service.lastSeen,
      typeCount: service.types.length,
    };
  });
}

function level(type: ServiceType, divisor: number): Level {
  return {
    now: type.rate / divisor,
    before: type.previousRate === null ? null : type.previousRate / divisor,
  };
}

/** Rows whose name contains the text, in the order asked for; the largest first, names break ties. */
export function arrangeRows(rows: readonly ServiceRow[], search: ServicesSearch): ServiceRow[] {
  const wanted = search.q?.toLowerCase() ?? '';
  const key = SORT_KEYS[search.sort ?? 'cpu'];
  return rows
    .filter((row) => row.name.toLowerCase().includes(wanted))
    .toSorted((a, b) => key(b) - key(a) || a.name.localeCompare(b.name));
}

const SORT_KEYS: Readonly<Record<NonNullable<ServicesSearch['sort']>, (row: ServiceRow) => number>> = {
  cpu: (row) => row.cpu?.now ?? -1,
  heap: (row) => row.heap?.now ?? -1,
  change: (row) => Math.max(growth(row.cpu), growth(row.heap)),
  name: () => 0,
};

function growth(level: Level | null): number {
  if (!level?.before) return -Infinity;
  return (level.now - level.before) / level.before;
}
