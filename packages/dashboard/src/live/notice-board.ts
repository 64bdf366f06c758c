import type { Notice } from "./fleet-events.ts";
import { Signal } from "./signal.ts";

const noticesMax = 200;
const rememberedMax = 1_000;

/** Where the ids of dismissed notices are kept, so that a reload does not bring them back. */
export interface DismissedStore {
  read(): readonly string[];
  write(ids: readonly string[]): void;
}

const dismissedMax = 200;

/** A broadcast read back from history may carry no time: it stands first, so that it is not folded away. */
const orderMs = (notice: Notice): number => notice.atMs ?? Number.MAX_SAFE_INTEGER;

/** Notices for everybody. They stay until they are dismissed; critical ones first, then the newest. */
export class NoticeBoard {
  readonly #signal = new Signal();
  readonly subscribe = this.#signal.subscribe;
  readonly #known: Set<string>;
  readonly #dismissed: DismissedStore;
  #notices: readonly Notice[] = [];

  constructor(dismissed: DismissedStore) {
    this.#dismissed = dismissed;
    this.#known = new Set(dismissed.read());
  }

  get notices(): readonly Notice[] {
    return this.#notices;
  }

  get criticalCount(): number {
    return this.#notices.filter((notice) => notice.critical).length;
  }

  /** True when it is new here. A repeat of one that still stands renews it; of one that was dismissed, changes nothing. */
  post(notice: Notice): boolean {
    if (this.#known.has(notice.id)) {
      this.#renew(notice);
      return false;
    }
    this.#known.add(notice.id);
    if (this.#known.size > rememberedMax) this.#known.delete(this.#known.values().next().value!);
    this.#notices = [...this.#notices, notice]
      .sort((a, b) => Number(b.critical) - Number(a.critical) || orderMs(b) - orderMs(a))
      .slice(0, noticesMax);
    this.#signal.emit();
    return true;
  }

  dismiss(id: string): void {
    if (!this.#notices.some((notice) => notice.id === id)) return;
    this.#notices = this.#notices.filter((notice) => notice.id !== id);
    this.#remember([id]);
    this.#signal.emit();
  }

  dismissAll(): void {
    if (this.#notices.length === 0) return;
    this.#remember(this.#notices.map((notice) => notice.id));
    this.#notices = [];
    this.#signal.emit();
  }

  #renew(notice: Notice): void {
    const standing = this.#notices.find((other) => other.id === notice.id);
    if (standing === undefined || (standing.atMs ?? 0) >= (notice.atMs ?? 0)) return;
    this.#notices = this.#notices.map((other) => (other === standing ? notice : other));
    this.#signal.emit();
  }

  #remember(ids: readonly string[]): void {
    this.#dismissed.write([...this.#dismissed.read(), ...ids].slice(-dismissedMax));
  }
}
