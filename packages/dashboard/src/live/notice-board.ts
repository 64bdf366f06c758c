import type { Notice } from "./fleet-events.ts";
import { Signal } from "./signal.ts";

const noticesMax = 200;
const rememberedMax = 1_000;

/** Notices for everybody. They stay until they are dismissed; critical ones first, then the newest. */
export class NoticeBoard {
  readonly #signal = new Signal();
  readonly subscribe = this.#signal.subscribe;
  readonly #known = new Set<string>();
  #notices: readonly Notice[] = [];

  get notices(): readonly Notice[] {
    return this.#notices;
  }

  get criticalCount(): number {
    return this.#notices.filter((notice) => notice.critical).length;
  }

  /** True when it is new here. */
  post(notice: Notice): boolean {
    if (this.#known.has(notice.id)) return false;
    this.#known.add(notice.id);
    if (this.#known.size > rememberedMax) this.#known.delete(this.#known.values().next().value!);
    this.#notices = [...this.#notices, notice]
      .sort((a, b) => Number(b.critical) - Number(a.critical) || b.atMs - a.atMs)
      .slice(0, noticesMax);
    this.#signal.emit();
    return true;
  }

  dismiss(id: string): void {
    if (!this.#notices.some((notice) => notice.id === id)) return;
    this.#notices = this.#notices.filter((notice) => notice.id !== id);
    this.#signal.emit();
  }

  dismissAll(): void {
    if (this.#notices.length === 0) return;
    this.#notices = [];
    this.#signal.emit();
  }
}
