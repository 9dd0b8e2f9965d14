import { type DomainError, RateLimitedError } from '@everflame/profile';
import type { Clock, Logger } from '@everflame/service-kit';
import type { Sender } from '../record/row-sink.ts';
import type { SetAside } from './quarantine.ts';
import type { SegmentRecord } from './segment-format.ts';

/** So many records, or bytes of them, may be set aside of a sender within the time after which it is forgotten. */
const MAX_RECORDS = 8;
const MAX_BYTES = 16 * 1024 * 1024;
const FORGET_MS = 10 * 60_000;
/** Senders that are remembered; the one that has been known longest makes room for another. */
const MAX_SENDERS = 1000;

export interface PoisonSendersParts {
  /** Whose record it is; nothing where that cannot be told. */
  readonly senderOf: (record: Uint8Array) => Sender | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Suspect = ReturnType<typeof newSuspect>;

/**
 * Senders of which records were acknowledged and then had to be set aside. One that sends little else is refused until it
 * is forgotten, so that it cannot fill the quarantine with what nobody will put back.
 */
export class PoisonSenders {
  readonly #suspects = new Map<string, Suspect>();
  readonly #parts: PoisonSendersParts;

  constructor(parts: PoisonSendersParts) {
    this.#parts = parts;
  }

  /** A record is going to be set aside. */
  accuse({ bytes, message }: SetAside): void {
    const sender = this.#parts.senderOf(bytes);
    if (sender === undefined) return;
    const suspect = this.#suspectOf(sender) ?? this.#remember(sender);
    const before = isRefused(suspect);
    suspect.aside += 1;
    suspect.asideBytes += bytes.length;
    suspect.reason = message;
    if (!before && isRefused(suspect))
      this.#parts.logger.error(
        { ...sender, reason: message },
        'a sender of what cannot be stored is refused for a while',
      );
  }

  /** These records were stored. */
  absolve(records: readonly SegmentRecord[]): void {
    if (this.#suspects.size === 0) return;
    for (const { payload } of records) {
      const suspect = this.#suspectWith(payload);
      if (suspect !== undefined) suspect.stored += 1;
    }
  }

  /** Whether more of the sender's records were set aside than stored lately. */
  isSuspect({ payload }: SegmentRecord): boolean {
    const suspect = this.#suspects.size === 0 ? undefined : this.#suspectWith(payload);
    return suspect !== undefined && suspect.aside > suspect.stored;
  }

  /** What pushes of the sender are refused with at present. */
  refusalOf(sender: Sender): DomainError | undefined {
    if (this.#suspects.size === 0) return undefined;
    const suspect = this.#suspectOf(sender);
    if (suspect === undefined || !isRefused(suspect)) return undefined;
    return new RateLimitedError(
      'poison_sender',
      `${suspect.aside} profiles of service ${JSON.stringify(sender.service)} could not be stored and were set aside: ` +
        suspect.reason,
      suspect.sinceMs + FORGET_MS - this.#parts.clock.now(),
    );
  }

  #suspectWith(record: Uint8Array): Suspect | undefined {
    const sender = this.#parts.senderOf(record);
    return sender === undefined ? undefined : this.#suspectOf(sender);
  }

  /** Nothing where the sender is not known, or was known too long ago; a clock that was set back forgets, too. */
  #suspectOf(sender: Sender): Suspect | undefined {
    const nowMs = this.#parts.clock.now();
    const key = keyOf(sender);
    const suspect = this.#suspects.get(key);
    if (suspect === undefined) return undefined;
    if (nowMs >= suspect.sinceMs && nowMs < suspect.sinceMs + FORGET_MS) return suspect;
    this.#suspects.delete(key);
    return undefined;
  }

  #remember(sender: Sender): Suspect {
    const [longestKnown] = this.#suspects.keys();
    if (this.#suspects.size >= MAX_SENDERS && longestKnown !== undefined) this.#suspects.delete(longestKnown);
    const suspect = newSuspect(this.#parts.clock.now());
    this.#suspects.set(keyOf(sender), suspect);
    return suspect;
  }
}

function newSuspect(sinceMs: number) {
  return {
    sinceMs,
    /** What the last record was set aside for. */
    reason: '',
    aside: 0,
    asideBytes: 0,
    /** Records that were stored since. */
    stored: 0,
  };
}

function isRefused({ aside, asideBytes, stored }: Suspect): boolean {
  return (aside >= MAX_RECORDS || asideBytes >= MAX_BYTES) && aside > stored;
}

function keyOf({ tenant, service }: Sender): string {
  return `${tenant}\0${service}`;
}
