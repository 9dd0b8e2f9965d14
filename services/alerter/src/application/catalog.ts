import { DomainError, LimitExceededError, NotFoundError } from '@everflame/profile';
import type { Principal } from '@everflame/service-kit';
import type { DocumentStore } from './ports.ts';

interface Item {
  readonly id: string;
  readonly updatedAt: number;
}

/** An item, and whether it comes from everflame.yaml or was made through the API. */
export type Known<T> = T & { readonly source: 'file' | 'api' };

export interface CatalogOptions<T, Input> {
  readonly what: 'rule' | 'receiver';
  readonly max: number;
  readonly store: DocumentStore<T>;
  /** Returns the id of an item that is made. */
  readonly idOf: (input: Input, source: 'file' | 'api') => string;
  /** Makes an item, or what becomes of an existing one; throws a `DomainError` for what is wrong with the input. */
  readonly make: (input: Input, id: string, existing: T | undefined) => T;
}

/** All rules or receivers: those of everflame.yaml, which cannot be changed here, and those made through the API. */
export class Catalog<T extends Item, Input extends { readonly name: string }> {
  readonly #options: CatalogOptions<T, Input>;
  #fileItems: ReadonlyMap<string, Known<T>> = new Map();

  constructor(options: CatalogOptions<T, Input>) {
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

  /** Checks the items of a file; what it returns has them take effect. Throws a `DomainError` that names the one that is wrong. */
  checkFile(inputs: readonly Input[]): () => void {
    const { what, make, idOf } = this.#options;
    const items = inputs.map((input) =>
      namingErrors(`The ${what} "${input.name}"`, () => make(input, idOf(input, 'file'), undefined)),
    );
    return () => {
      this.#fileItems = new Map(items.map((item) => [item.id, { ...item, source: 'file' }]));
    };
  }

  /** Throws what `make` throws, `receiver_exists` for one with its id, and `limit_rules` or `limit_receivers`. */
  async create(principal: Principal, input: Input): Promise<Known<T>> {
    const { what, max, idOf, make } = this.#options;
    const id = idOf(input, 'api');
    const item = make(input, id, undefined);
    const known = await this.list(principal);
    if (known.some((item) => item.id === id)) {
      throw new DomainError('conflict', `${what}_exists`, `There is a ${what} of that name.`, {
        hint: `Choose another name, or PUT the ${what} to change it.`,
      });
    }
    if (known.length >= max) throw new LimitExceededError(`${what}s`, max, known.length + 1);
    return this.#save(principal, item);
  }

  /** Throws what `make` throws, and `unknown_rule` or `rule_is_read_only`, or the same of a receiver. */
  async replace(principal: Principal, id: string, input: Input): Promise<Known<T>> {
    const existing = await this.#changeable(principal, id);
    const item = this.#options.make(input, id, existing);
    // The newest change has the highest time, also when clocks of alerters differ.
    const updatedAt = Math.max(item.updatedAt, existing.updatedAt + 1);
    return this.#save(principal, { ...item, updatedAt });
  }

  /** Throws `unknown_rule` or `rule_is_read_only`, or the same of a receiver. */
  async delete(principal: Principal, id: string): Promise<Known<T>> {
    const existing = await this.#changeable(principal, id);
    await this.#options.store.delete(principal, existing);
    return fromApi(existing);
  }

  async #changeable(principal: Principal, id: string): Promise<T> {
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
