import { Agent, request } from 'node:http';
import { pprofOfCollapsed } from '@everflame/testkit';
import { quantile } from '../load/figures.ts';

/** Each profile of an instance has a time of its own; of fewer instances times would run ahead of the clock. */
const INSTANCES = 50;
const TICK_MS = 10;
const TIMEOUT_MS = 60_000;

export interface OverloadOptions {
  readonly url: string;
  readonly service: string;
  /** The loopback address that it calls from, which makes it a client of its own. */
  readonly address: string;
  readonly perSecond: number;
  /** Pushes under way at once, each on a connection of its own; what is due beyond them is not sent. */
  readonly connections: number;
  readonly stacks: number;
}

export interface OverloadTotals {
  /** Profiles that were due. */
  offered: number;
  acknowledged: number;
  acknowledgedSum: number;
  /** Answers that were not 201, by status and code, and `connection`. */
  readonly failures: Map<string, number>;
  /** Refusals that do not say when to come back. */
  withoutRetryAfter: number;
}

/** Pushes profiles at a rate that does not depend on what becomes of them. None is sent twice. */
export class OverloadClient {
  readonly totals: OverloadTotals = {
    offered: 0,
    acknowledged: 0,
    acknowledgedSum: 0,
    failures: new Map(),
    withoutRetryAfter: 0,
  };
  readonly fromMs = Date.now() - 300_000;
  readonly #options: OverloadOptions;
  readonly #agent: Agent;
  readonly #body: Uint8Array<ArrayBuffer>;
  readonly #sum: number;
  readonly #underWay = new Set<Promise<void>>();
  #latenciesMs: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: OverloadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections });
    const { stacks } = options;
    const lines = Array.from({ length: stacks }, (_, i) => `main;handle_${i % 50};${options.service}_${i} 1`);
    this.#body = pprofOfCollapsed({ stacks: lines });
    this.#sum = stacks;
  }

  start(): void {
    const start = performance.now();
    const before = this.totals.offered;
    this.#timer = setInterval(() => {
      const due = before + ((performance.now() - start) / 1000) * this.#options.perSecond;
      while (this.totals.offered < due) this.#offer();
    }, TICK_MS);
  }

  /** Resolves when everything that was sent is answered. */
  async stop(): Promise<OverloadTotals> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#agent.destroy();
    return this.totals;
  }

  /** Of the acknowledgements since the last call: the share of them that `share` names came within so many ms. */
  takeLatency(share: number): number {
    const latencies = this.#latenciesMs;
    this.#latenciesMs = [];
    return quantile(latencies, share);
  }

  #offer(): void {
    const index = this.totals.offered++;
    if (this.#underWay.size >= this.#options.connections) return;
    const push = this.#push(index).finally(() => this.#underWay.delete(push));
    this.#underWay.add(push);
  }

  async #push(index: number): Promise<void> {
    const start = performance.now();
    const { outcome, retryAfter } = await this.#attempt(index);
    if (outcome === '201') {
      this.totals.acknowledged += 1;
      this.totals.acknowledgedSum += this.#sum;
      this.#latenciesMs.push(performance.now() - start);
      return;
    }
    this.totals.failures.set(outcome, (this.totals.failures.get(outcome) ?? 0) + 1);
    if (retryAfter === undefined) this.totals.withoutRetryAfter += 1;
  }

  #attempt(index: number): Promise<{ outcome: string; retryAfter?: string | undefined }> {
    const { url, service, address } = this.#options;
    const from = this.fromMs + Math.floor(index / INSTANCES);
    const path =
      `/api/v1/profiles?service_name=${service}&instance=${index % INSTANCES}` +
      `&name=process_cpu&from=${from}&until=${from + 10}`;
    const headers = { 'content-length': String(this.#body.length) };
    const options = {
      method: 'POST',
      agent: this.#agent,
      localAddress: address,
      timeout: TIMEOUT_MS,
      headers,
    };
    return new Promise((resolve) => {
      const sent = request(`${url}${path}`, options, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', () => resolve({ outcome: 'connection' }));
        response.on('end', () => {
          const code = /"code":"(\w+)"/.exec(Buffer.concat(parts).toString())?.[1];
          const status = String(response.statusCode);
          const outcome = code === undefined ? status : `${status} ${code}`;
          resolve({ outcome, retryAfter: response.headers['retry-after'] });
        });
      });
      sent.on('timeout', () => sent.destroy());
      sent.on('error', () => resolve({ outcome: 'connection' }));
      sent.end(this.#body);
    });
  }
}
