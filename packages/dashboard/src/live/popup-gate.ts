/** What to do with one more pop-up: show it, fold it into the summary, or leave it out because it was shown before. */
export type PopupVerdict = { readonly kind: "show" } | { readonly kind: "summary"; readonly count: number } | { readonly kind: "seen" };

const windowMs = 60_000;
const popupsMax = 10;
const remembered = 500;

/**
 * Keeps pop-ups from burying the page: each event once, and beyond ten within a minute one summary that counts on.
 * Critical ones always show.
 */
export class PopupGate {
  #shownMs: number[] = [];
  #folded = 0;
  readonly #seen = new Set<string>();

  offer(id: string, critical: boolean, nowMs: number): PopupVerdict {
    if (this.#seen.has(id)) return { kind: "seen" };
    this.#remember(id);
    while (this.#shownMs.length > 0 && nowMs - this.#shownMs[0]! >= windowMs) this.#shownMs.shift();
    if (this.#shownMs.length < popupsMax) this.#folded = 0;
    if (critical || this.#shownMs.length < popupsMax) {
      this.#shownMs.push(nowMs);
      return { kind: "show" };
    }
    this.#folded++;
    return { kind: "summary", count: this.#folded };
  }

  #remember(id: string): void {
    this.#seen.add(id);
    if (this.#seen.size <= remembered) return;
    const oldest = this.#seen.values().next().value;
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}
