import type { ProfileBatch } from '@everflame/storage';
import { addFrameRow, addStackRow } from '@everflame/testkit';
import { randomFrom } from './variants.ts';

const SHARED_FUNCTIONS = 900;
const OWN_FUNCTIONS = 1450;
const CALLEES = 5;
const MIN_DEPTH = 12;
const MOST_DEPTH = 46;

const SHARED_PACKAGES = ['runtime', 'net/http', 'encoding/json', 'sync', 'internal/poll', 'bufio', 'reflect'];
const OWN_PACKAGES = ['api', 'cart', 'cache', 'store', 'pricing', 'auth', 'events', 'search', 'ledger'];
const VERBS = ['Handle', 'Load', 'Decode', 'Apply', 'Merge', 'Flush', 'Resolve', 'Validate', 'Write', 'Scan'];
const NOUNS = ['Request', 'Order', 'Batch', 'Index', 'Session', 'Row', 'Token', 'Quote', 'Page', 'Event'];

/** A function and the line of it that calls on. */
interface Frame {
  readonly idLo: number;
  readonly idHi: number;
}

/**
 * Which functions of a service call which, so that its stacks share their outer frames as real ones do: Go-like names,
 * some 22 frames deep, the runtime and the libraries shared by all services.
 */
export class CallGraph {
  readonly #service: number;
  readonly #random: () => number;
  readonly #written = new Set<number>();
  /** Stacks so far as function * 8 + line, root first. */
  readonly #stacks: number[][] = [];

  constructor(service: number) {
    this.#service = service;
    this.#random = randomFrom(service * 7919 + 1);
  }

  /** Adds a stack of its own for each id, and the frames that the service has not used before. */
  addStacks(
    batch: ProfileBatch,
    where: { readonly tenant: string; readonly service: string; readonly dayMs: number },
    ids: { readonly lo: Uint32Array; readonly hi: Uint32Array },
  ): void {
    for (let i = 0; i < ids.lo.length; i++) {
      const calls = this.#nextStack();
      const frames = calls.toReversed().map((call) => this.#frame(batch, where, call));
      addStackRow(batch, {
        ...where,
        idLo: ids.lo[i] ?? 0,
        idHi: ids.hi[i] ?? 0,
        frameIdLo: Uint32Array.from(frames, ({ idLo }) => idLo),
        frameIdHi: Uint32Array.from(frames, ({ idHi }) => idHi),
      });
    }
  }

  /** Branches off a stack that there is already, and goes on to a depth of its own. */
  #nextStack(): number[] {
    const random = this.#random;
    const from = this.#stacks[Math.floor(random() * this.#stacks.length)] ?? [];
    const stack = from.slice(0, Math.floor((0.15 + 0.8 * random()) * from.length));
    const depth = Math.round(MIN_DEPTH + (MOST_DEPTH - MIN_DEPTH) * random() ** 1.5 * random() ** 0.3);
    const end = Math.max(depth, stack.length + 1);
    let at = (stack.at(-1) ?? 0) >>> 3;
    for (let level = stack.length; level < end; level++) {
      const callee = Math.floor(random() ** 2 * CALLEES);
      const mixed = Math.imul(at + 1, 0x9e3779b1) ^ Math.imul(callee + 1, 0x85ebca6b) ^ (level >>> 2);
      at = Math.abs(Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)) % (SHARED_FUNCTIONS + OWN_FUNCTIONS);
      stack.push(at * 8 + (callee >> 1));
    }
    this.#stacks.push(stack);
    return stack;
  }

  #frame(
    batch: ProfileBatch,
    where: { readonly tenant: string; readonly dayMs: number },
    call: number,
  ): Frame {
    const index = call >>> 3;
    const isShared = index < SHARED_FUNCTIONS;
    const owner = isShared ? 0 : this.#service + 1;
    const id = {
      idLo: Math.imul(call + 1, 0x9e3779b1) >>> 0,
      idHi: Math.imul(call + 7, 0x85ebca6b) ^ (owner << 4),
    };
    const frame = { idLo: id.idLo, idHi: id.idHi >>> 0 };
    if (this.#written.has(call)) return frame;
    this.#written.add(call);
    const noun = `${VERBS[index % 10]}${NOUNS[Math.floor(index / 10) % 10]}`;
    const packageName = isShared
      ? (SHARED_PACKAGES[index % 7] ?? '')
      : `github.com/acme/service-${this.#service}/internal/${OWN_PACKAGES[index % 9]}`;
    const startLine = 10 + (index % 40) * 30;
    addFrameRow(batch, {
      tenant: where.tenant,
      dayMs: where.dayMs,
      ...frame,
      name: `${packageName}.(*${NOUNS[index % 7]}${Math.floor(index / 100)}).${noun}`,
      systemName: '',
      file: `${packageName}/${(NOUNS[Math.floor(index / 40) % 10] ?? '').toLowerCase()}.go`,
      startLine,
      line: startLine + 3 + (call & 7) * 4,
      buildId: '',
      addressLo: 0,
      addressHi: 0,
    });
    return frame;
  }
}
