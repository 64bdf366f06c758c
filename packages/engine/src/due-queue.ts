/** Something with a time at which it is due. The place belongs to the queue. */
export interface DueItem {
  dueMs: number;
  /** Place in the queue; -1 outside. */
  duePlace: number;
}

/** Items by the time they are due, the earliest first (a binary heap that knows where each of its items is). */
export class DueQueue<Item extends DueItem> {
  readonly #heap: Item[] = [];

  get size(): number {
    return this.#heap.length;
  }

  get first(): Item | undefined {
    return this.#heap[0];
  }

  /** Puts an item in, or to its new place; infinity takes it out. */
  set(item: Item, dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) {
      this.remove(item);
      return;
    }
    item.dueMs = dueMs;
    if (item.duePlace === -1) {
      item.duePlace = this.#heap.length;
      this.#heap.push(item);
    }
    this.#sink(this.#rise(item.duePlace));
  }

  remove(item: Item): void {
    const place = item.duePlace;
    if (place === -1) return;
    item.duePlace = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === item) return;
    this.#put(last, place);
    this.#sink(this.#rise(place));
  }

  #rise(from: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#dueAt(parent) <= this.#dueAt(place)) break;
      this.#swap(place, parent);
      place = parent;
    }
    return place;
  }

  #sink(from: number): void {
    let place = from;
    for (;;) {
      let earliest = place;
      for (const child of [2 * place + 1, 2 * place + 2]) if (this.#dueAt(child) < this.#dueAt(earliest)) earliest = child;
      if (earliest === place) return;
      this.#swap(place, earliest);
      place = earliest;
    }
  }

  #dueAt(place: number): number {
    return this.#heap[place]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [itemA, itemB] = [this.#heap[a], this.#heap[b]];
    if (itemA === undefined || itemB === undefined) return;
    this.#put(itemA, b);
    this.#put(itemB, a);
  }

  #put(item: Item, place: number): void {
    this.#heap[place] = item;
    item.duePlace = place;
  }
}
