import type { ProfileColumns } from '@everflame/profile';
import { pprofOfCollapsed } from '@everflame/testkit';
import { gzipFast } from '@everflame/service-kit';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pathOf } from './fake-target.ts';

type SampleType = ProfileColumns['periodType'];

const count = (type: string): SampleType => ({ type, unit: 'count' });
const bytes = (type: string): SampleType => ({ type, unit: 'bytes' });
const nanos = (type: string): SampleType => ({ type, unit: 'nanoseconds' });
const HEAP = [count('alloc_objects'), bytes('alloc_space'), count('inuse_objects'), bytes('inuse_space')];
const CONTENTION = [count('contentions'), nanos('delay')];

/** What one allocation site, `main;alloc`, adds to `alloc_space` with every request for allocs. */
export const BYTES_PER_REQUEST = 1000;

/** Answers /debug/pprof/* as a Go process does: counters that only grow, and levels. */
export class FakeGoProcess {
  /** Requests for allocs so far. */
  allocRequests = 0;
  #contentions = 0;

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    const body = this.#profile(pathOf(request).replace('/debug/pprof/', ''));
    if (body === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('Unknown profile');
    else response.setHeader('content-type', 'application/octet-stream').end(gzipFast(body));
  };

  #profile(name: string): Uint8Array | undefined {
    switch (name) {
      case 'profile':
        return pprofOfCollapsed({
          sampleTypes: [count('samples'), nanos('cpu')],
          periodType: nanos('cpu'),
          durationNanos: 1_000_000_000n,
          stacks: ['main;work 30 300000000'],
        });
      case 'heap':
        return this.#heap(this.allocRequests);
      case 'allocs':
        return this.#heap(++this.allocRequests);
      case 'block':
      case 'mutex': {
        const n = ++this.#contentions;
        return pprofOfCollapsed({ sampleTypes: CONTENTION, stacks: [`main;lock ${n} ${n * 500}`] });
      }
      case 'goroutine':
      case 'threadcreate':
        return pprofOfCollapsed({ sampleTypes: [count(name)], stacks: ['main;serve 7'] });
      default:
        return undefined;
    }
  }

  #heap(n: number): Uint8Array {
    return pprofOfCollapsed({
      sampleTypes: HEAP,
      periodType: bytes('space'),
      period: 65_536,
      stacks: [`main;alloc ${n} ${n * BYTES_PER_REQUEST} 5 5000`, 'main;start 1 4096 1 4096'],
    });
  }
}
