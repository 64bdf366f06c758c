/** The smallest thing `useSyncExternalStore` can listen to. A listener may remove itself while it is called. */
export class Signal {
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  emit(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  get size(): number {
    return this.#listeners.size;
  }
}
