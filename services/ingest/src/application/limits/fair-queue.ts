/** A queue that serves senders in turn, however many items each has in it; the items of one sender stay in order. */
export class FairQueue<T> {
  /** In the order of their turns. */
  readonly #itemsOf = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(sender: string, item: T): void {
    this.#size += 1;
    const items = this.#itemsOf.get(sender);
    if (items === undefined) this.#itemsOf.set(sender, [item]);
    else items.push(item);
  }

  /** Takes the first item of the sender whose turn it is. */
  shift(): T | undefined {
    for (const [sender, items] of this.#itemsOf) {
      const item = items.shift();
      this.#size -= 1;
      this.#itemsOf.delete(sender);
      if (items.length > 0) this.#itemsOf.set(sender, items);
      return item;
    }
    return undefined;
  }

  /** Puts items back in front of those of their sender. */
  unshift(sender: string, item: T): void {
    this.#size += 1;
    const items = this.#itemsOf.get(sender);
    if (items === undefined) this.#itemsOf.set(sender, [item]);
    else items.unshift(item);
  }
}
