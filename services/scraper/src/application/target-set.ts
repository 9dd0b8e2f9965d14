import { isDeepStrictEqual } from 'node:util';
import type { ProfileToScrape } from '@everflame/contract';
import type { Target } from './target.ts';

/** What has become different about the targets. */
export interface TargetChanges {
  readonly added: number;
  readonly removed: number;
  /** Targets that are scraped otherwise than before. */
  readonly changed: number;
  /** The profiles that are scraped no longer, or otherwise: what is known of them is of no use any more. */
  readonly gone: readonly { readonly target: Target; readonly profiles: readonly ProfileToScrape[] }[];
}

/** The targets by id, as they are now. */
export class TargetSet {
  #byId: ReadonlyMap<string, Target>;
  readonly #listeners: ((changes: TargetChanges) => void)[] = [];

  constructor(targets: Iterable<Target> = []) {
    this.#byId = byId(targets);
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Target | undefined {
    return this.#byId.get(id);
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  [Symbol.iterator](): Iterator<Target> {
    return this.#byId.values();
  }

  /** Has `listener` called after every change. */
  onChange(listener: (changes: TargetChanges) => void): void {
    this.#listeners.push(listener);
  }

  /** Makes these the targets, and tells what is different. One that is listed twice is there once. */
  sync(targets: Iterable<Target>): void {
    const before = this.#byId;
    const after = byId(targets);
    const removed = [...before.values()].filter(({ id }) => !after.has(id));
    const changed = [...before.values()].filter((target) => isOtherwise(target, after.get(target.id)));
    const added = after.size - (before.size - removed.length);
    if (added + removed.length + changed.length === 0) return;
    this.#byId = after;
    const gone = [...removed, ...changed].map((target) => ({
      target,
      profiles: profilesGone(target, after.get(target.id)),
    }));
    const changes = { added, removed: removed.length, changed: changed.length, gone };
    for (const listener of this.#listeners) listener(changes);
  }
}

function byId(targets: Iterable<Target>): ReadonlyMap<string, Target> {
  return new Map([...targets].map((target) => [target.id, target]));
}

function isOtherwise(before: Target, after: Target | undefined): boolean {
  if (after === undefined) return false;
  const { intervalMs, timeoutMs } = before;
  if (intervalMs !== after.intervalMs || timeoutMs !== after.timeoutMs) return true;
  return !isDeepStrictEqual(before.profiles, after.profiles);
}

function profilesGone(before: Target, after: Target | undefined): readonly ProfileToScrape[] {
  return before.profiles.filter(
    (profile) => after?.profiles.some((other) => isDeepStrictEqual(profile, other)) !== true,
  );
}
