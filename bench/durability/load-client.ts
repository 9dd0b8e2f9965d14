import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom, pprofOfCollapsed } from '@everflame/testkit';

const ATTEMPT_TIMEOUT_MS = 4000;
const RETRY_DELAY_MS = 20;

export interface LoadOptions {
  readonly service: string;
  /** Pushes under way at once. */
  readonly concurrency: number;
  readonly seed: number;
  /** Pause of each worker between two profiles; 0 = none. */
  readonly pauseMs?: number;
  /** Stacks per profile; more make larger records. */
  readonly stacks?: number;
  /** How long ago the first profile was taken; 5 minutes where absent. */
  readonly ageMs?: number;
  /** Whether all profiles have the same stacks, so that their records hold little but values. */
  readonly isWarm?: boolean;
}

/** What was sent and acknowledged. */
export interface LoadTotals {
  acknowledged: number;
  /** Sum of the values of all acknowledged profiles. */
  acknowledgedSum: number;
  /** Attempts that were not acknowledged, by status or kind of failure. */
  readonly failures: Map<string, number>;
  /** Time to the acknowledgement of each profile that was acknowledged at the first attempt. */
  readonly latenciesMs: number[];
}

/**
 * Pushes small profiles, each with a stack, a value and a time of its own, and every one again, byte for byte, until it is
 * acknowledged. So when `stop` resolves, what must be stored is known exactly.
 */
export class LoadClient {
  readonly totals: LoadTotals = {
    acknowledged: 0,
    acknowledgedSum: 0,
    failures: new Map(),
    latenciesMs: [],
  };
  readonly #options: LoadOptions;
  readonly #urls: readonly string[];
  readonly #random: SeededRandom;
  readonly #startMs: number;
  #workers: Promise<void>[] = [];
  #next = 0;
  #isStopping = false;

  /** Each attempt goes to any of `urls`. */
  constructor(urls: readonly string[], options: LoadOptions) {
    this.#urls = urls;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#startMs = Date.now() - (options.ageMs ?? 300_000);
  }

  get service(): string {
    return this.#options.service;
  }

  /** Time of the profile 0; profile i is of i ms later. */
  get fromMs(): number {
    return this.#startMs;
  }

  /** Profiles that were begun; all of them are acknowledged once `stop` resolved. */
  get begun(): number {
    return this.#next;
  }

  start(): void {
    this.#isStopping = false;
    this.#workers = Array.from({ length: this.#options.concurrency }, () => this.#work());
  }

  /** Begins no more profiles and resolves when every one is acknowledged. */
  async stop(): Promise<LoadTotals> {
    this.#isStopping = true;
    await Promise.all(this.#workers);
    return this.totals;
  }

  /** Pushes so many profiles and resolves when every one is acknowledged. */
  async push(profiles: number): Promise<void> {
    const pushed = Array.from({ length: profiles }, () => this.#pushUntilAcknowledged());
    await Promise.all(pushed);
  }

  /** One profile, for sending it several times: the request, and what it holds. */
  profile(): { readonly path: string; readonly body: Uint8Array<ArrayBuffer>; readonly sum: number } {
    const index = this.#next++;
    const timeMs = this.#startMs + index;
    const stacks = this.stacksOf(index);
    return {
      path: `/api/v1/profiles?service_name=${this.service}&name=process_cpu&from=${timeMs}&until=${timeMs + 10}`,
      body: pprofOfCollapsed({ stacks: stacks.map(([frames, value]) => `${frames} ${value}`) }),
      sum: stacks.reduce((sum, [, value]) => sum + value, 0),
    };
  }

  /** What the profile of this index holds: frames from the root, joined by `;`, and their value. */
  stacksOf(index: number): (readonly [frames: string, value: number])[] {
    const { seed, stacks = 1, isWarm = false } = this.#options;
    const random = new SeededRandom(seed + Math.imul(index + 1, 0x9e37_79b1));
    // Most stacks are new, so that most records carry dictionary rows and the others rely on them.
    const leaf = isWarm || index % 3 === 0 ? 'shared' : `own_${index}`;
    return Array.from(
      { length: stacks },
      (_, i) => [`main;handle_${i % 50};${leaf}_${i}`, 1 + random.below(1_000_000)] as const,
    );
  }

  /** One attempt; answers the status, or what failed. */
  async attempt(url: string, path: string, body: Uint8Array<ArrayBuffer>): Promise<string> {
    try {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        body,
        signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
      });
      const text = await response.text();
      if (response.status === 201) return '201';
      const code = /"code":"(\w+)"/.exec(text)?.[1] ?? '';
      return `${response.status} ${code}`;
    } catch (error) {
      return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'connection';
    }
  }

  async #work(): Promise<void> {
    while (!this.#isStopping) {
      await this.#pushUntilAcknowledged();
      if ((this.#options.pauseMs ?? 0) > 0) await sleep(this.#options.pauseMs);
    }
  }

  async #pushUntilAcknowledged(): Promise<void> {
    const { path, body, sum } = this.profile();
    const start = performance.now();
    for (let attempt = 0; ; attempt++) {
      const url = this.#urls[this.#random.below(this.#urls.length)] ?? '';
      const outcome = await this.attempt(url, path, body);
      if (outcome === '201') {
        this.totals.acknowledged += 1;
        this.totals.acknowledgedSum += sum;
        if (attempt === 0) this.totals.latenciesMs.push(performance.now() - start);
        return;
      }
      this.totals.failures.set(outcome, (this.totals.failures.get(outcome) ?? 0) + 1);
      if (outcome.startsWith('4') && !outcome.startsWith('429'))
        throw new Error(`refused for good: ${outcome}`);
      await sleep(RETRY_DELAY_MS * (1 + this.#random.below(3)));
    }
  }
}
