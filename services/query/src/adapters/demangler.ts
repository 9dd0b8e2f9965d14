import { createRequire } from 'node:module';
import { WorkerThread } from '@everflame/service-kit';

const BODY = createRequire(import.meta.url).resolve('@everflame/query/demangle.worker');

/** A name that takes longer stays as it is: there are names of 233 bytes that take seconds and half a gigabyte. */
const STALL_MS = 250;
const MAX_NAME_LENGTH = 4096;
const NAMES_PER_MESSAGE = 512;
/** Names that may stall in one call; all after them stay as they are. */
const MAX_STALLS = 3;

/** Itanium C++ and Rust's old scheme, with macOS's underscore before it or not; Rust's v0; Microsoft's C++. */
const MANGLED = /^(?:_?_Z|_?_R[A-Z]|\?[?@A-Za-z_])/;

/** Demangles C++ and Rust names in a thread of its own, which is ended when a name takes too long. */
export class Demangler {
  readonly #onStall: () => void;
  /** How many names of the message it is at the thread is done with. */
  readonly #progress = new Int32Array(new SharedArrayBuffer(4));
  readonly #thread = new WorkerThread<readonly string[], readonly string[]>({
    body: BODY,
    workerData: this.#progress.buffer,
  });
  #queue: Promise<unknown> = Promise.resolve();

  constructor(onStall: () => void) {
    this.#onStall = onStall;
  }

  /** The names in the same order, those that are mangled demangled. Never fails: a name that cannot be stays. */
  async demangle(names: readonly string[]): Promise<readonly string[]> {
    const positions = names.flatMap((name, i) => (isMangled(name) ? [i] : []));
    if (positions.length === 0) return names;
    const mangled = positions.map((position) => names[position] ?? '');
    const answer = this.#queue.then(() => this.#demangleAll(mangled));
    this.#queue = answer;
    const demangled = await answer;
    const result = [...names];
    positions.forEach((position, i) => (result[position] = demangled[i] ?? ''));
    return result;
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  async #demangleAll(names: readonly string[]): Promise<string[]> {
    const demangled: string[] = [];
    let stalls = 0;
    while (demangled.length < names.length && stalls < MAX_STALLS) {
      const chunk = names.slice(demangled.length, demangled.length + NAMES_PER_MESSAGE);
      const answer = await this.#ask(chunk);
      if (answer !== undefined) {
        demangled.push(...answer.map((text, i) => readable(text, chunk[i] ?? '')));
        continue;
      }
      stalls++;
      this.#onStall();
      // What was done before the stall is done again, without the name that stalled.
      const stalledAt = Math.min(this.#progress[0] ?? 0, chunk.length - 1);
      const before = stalledAt === 0 ? [] : await this.#ask(chunk.slice(0, stalledAt));
      const done = before ?? chunk.slice(0, stalledAt);
      demangled.push(...done.map((text, i) => readable(text, chunk[i] ?? '')), chunk[stalledAt] ?? '');
    }
    return [...demangled, ...names.slice(demangled.length)];
  }

  /** One message to the thread; undefined when it stalls or breaks, and then it is gone. */
  async #ask(names: readonly string[]): Promise<readonly string[] | undefined> {
    const progress = this.#progress;
    let timer: NodeJS.Timeout | undefined;
    try {
      // Loading the library takes longer than a name may, so the clock starts when the thread is ready.
      await this.#thread.start();
      progress[0] = 0;
      let last = -1;
      timer = setInterval(() => {
        const now = Atomics.load(progress, 0);
        if (now === last) this.#thread.endOver(new Error('A name takes too long to demangle.'));
        last = now;
      }, STALL_MS);
      return await this.#thread.ask(names);
    } catch {
      return undefined;
    } finally {
      clearInterval(timer);
    }
  }
}

function isMangled(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && MANGLED.test(name);
}

/** The library answers a name that it cannot read without its underscore. */
function readable(answer: string, name: string): string {
  return answer === '' || name.endsWith(answer) ? name : answer;
}
