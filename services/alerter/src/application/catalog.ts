import { DomainError, LimitExceededError, NotFoundError } from '@everflame/profile';
import type { Clock, Principal } from '@everflame/service-kit';
import type { DocumentStore } from './ports.ts';

interface Item {
  readonly id: string;
  readonly updatedAt: number;
}

/** An item, and whether it comes from everflame.yaml or was made through the API. */
export type Known<T> = T & { readonly source: 'file' | 'api' };

export interface CatalogOptions<T> {
  readonly what: 'rule' | 'receiver';
  readonly max: number;
  readonly store: DocumentStore<T>;
  readonly clock: Clock;
}

/** All rules or receivers: those of everflame.yaml, which cannot be changed here, and those made through the API. */
export class Catalog<T extends Item> {
  readonly #options: CatalogOptions<T>;
  #fileItems: ReadonlyMap<string, Known<T>> = new Map();

  constructor(options: CatalogOptions<T>) {
    this.#options = options;
  }

  /** Those of the file first. */
  async list(principal: Principal): Promise<readonly Known<T>[]> {
    return [...this.#fileItems.values(), ...(await this.#options.store.list(principal)).map(fromApi)];
  }

  async find(principal: Principal, id: string): Promise<Known<T> | undefined> {
    const fileItem = this.#fileItems.get(id);
    if (fileItem !== undefined) return fileItem;
    const stored = await this.#options.store.find(principal, id);
    return stored === undefined ? undefined : fromApi(stored);
  }

  /** Throws `unknown_rule` or `rule_is_read_only`, or the same of a receiver. */
  async delete(principal: Principal, id: string): Promise<Known<T>> {
    const existing = await this.changeable(principal, id);
    await this.#options.store.delete(principal, existing);
    return fromApi(existing);
  }

  protected now(): number {
    return this.#options.clock.now();
  }

  /** Makes items of what a file says; what it returns has them replace those of the file before. */
  protected useOfFile<Input extends { readonly name: string }>(
    inputs: readonly Input[],
    make: (input: Input) => T,
  ): () => void {
    const items = inputs.map((input) =>
      namingErrors(`The ${this.#options.what} "${input.name}"`, () => make(input)),
    );
    return () => {
      this.#fileItems = new Map(items.map((item) => [item.id, { ...item, source: 'file' }]));
    };
  }

  /** Throws `LimitExceededError` (`limit_rules`, `limit_receivers`). */
  protected async add(principal: Principal, item: T): Promise<Known<T>> {
    const { what, max } = this.#options;
    const count = (await this.list(principal)).length;
    if (count >= max) throw new LimitExceededError(`${what}s`, max, count + 1);
    return this.#save(principal, item);
  }

  protected replaceItem(principal: Principal, existing: T, item: T): Promise<Known<T>> {
    // The newest change has the highest time, also when clocks of alerters differ.
    const updatedAt = Math.max(item.updatedAt, existing.updatedAt + 1);
    return this.#save(principal, { ...item, updatedAt });
  }

  protected async changeable(principal: Principal, id: string): Promise<T> {
    const { what, store } = this.#options;
    if (this.#fileItems.has(id)) {
      throw new DomainError('conflict', `${what}_is_read_only`, `This ${what} comes from everflame.yaml.`, {
        hint: 'Change it in that file.',
      });
    }
    const stored = await store.find(principal, id);
    if (stored !== undefined) return stored;
    const hint = `GET /api/v1/${what}s lists the ${what}s.`;
    throw new NotFoundError(`unknown_${what}`, `There is no such ${what}.`, hint);
  }

  async #save(principal: Principal, item: T): Promise<Known<T>> {
    await this.#options.store.save(principal, item);
    return fromApi(item);
  }
}

/** Has the message of an error name what of everflame.yaml it is about. */
function namingErrors<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const { kind, code, message, hint } = error;
    throw new DomainError(kind, code, `${name} of everflame.yaml: ${message}`, { hint, cause: error });
  }
}

function fromApi<T>(item: T): Known<T> {
  return { ...item, source: 'api' };
}
