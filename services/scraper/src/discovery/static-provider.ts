import { Provider } from '../application/ports.ts';
import type { TargetGroup } from '../application/scrape-pool.ts';

/** Finds what is listed. */
export class StaticProvider extends Provider {
  readonly kind: string;
  readonly #groups: readonly TargetGroup[];

  constructor(kind: string, groups: readonly TargetGroup[]) {
    super();
    this.kind = kind;
    this.#groups = groups;
  }

  override run(onGroups: (groups: readonly TargetGroup[]) => void): void {
    onGroups(this.#groups);
  }
}
