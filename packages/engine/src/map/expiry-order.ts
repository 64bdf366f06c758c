/** An item of the order; the links belong to it. */
export interface Expiring<Self> {
  expiresAtMs: number;
  older: Self | undefined;
  newer: Self | undefined;
}

/**
 * Items that all live equally long, hence in the order in which they were last touched: the first expires first. Linked
 * through the items, so that a touch costs the same among 10 and among 100,000.
 */
export class ExpiryOrder<Item extends Expiring<Item>> {
  #first: Item | undefined;
  #last: Item | undefined;

  get first(): Item | undefined {
    return this.#first;
  }

  append(item: Item): void {
    item.older = this.#last;
    item.newer = undefined;
    if (this.#last === undefined) this.#first = item;
    else this.#last.newer = item;
    this.#last = item;
  }

  remove(item: Item): void {
    if (item.older !== undefined) item.older.newer = item.newer;
    else if (this.#first === item) this.#first = item.newer;
    if (item.newer !== undefined) item.newer.older = item.older;
    else if (this.#last === item) this.#last = item.older;
    item.older = undefined;
    item.newer = undefined;
  }
}
