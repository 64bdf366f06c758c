import type { Clock } from "@fleetcast/engine";

/** Calls without any answer, one after another, before a backend counts as gone. */
const failuresMax = 10;
/** How long it is then left alone, doubling with each try that also fails. */
const pauseMsMin = 500;
const pauseMsMax = 10_000;

type State =
  | { readonly name: "closed"; failures: number }
  /** Everybody is refused until then. */
  | { readonly name: "open"; readonly untilMs: number; readonly pauseMs: number }
  /** One call is under way to see whether the backend is back; the others are refused. */
  | { readonly name: "trying"; readonly pauseMs: number };

/**
 * Spares a backend that is gone, and everybody who would wait for it. Only calls that got no answer at all count: a backend that
 * answers with an error, or slowly enough for some calls to time out in between, is there.
 */
export class Breaker {
  readonly #clock: Pick<Clock, "monotonicMs">;
  #state: State = { name: "closed", failures: 0 };

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** May a call go out? Who gets `true` says afterwards how it went. */
  admits(): boolean {
    const state = this.#state;
    if (state.name === "closed") return true;
    if (state.name === "trying" || this.#clock.monotonicMs() < state.untilMs) return false;
    this.#state = { name: "trying", pauseMs: state.pauseMs };
    return true;
  }

  answered(): void {
    if (this.#state.name !== "closed" || this.#state.failures > 0) this.#state = { name: "closed", failures: 0 };
  }

  notAnswered(): void {
    const state = this.#state;
    if (state.name === "closed") {
      state.failures++;
      if (state.failures >= failuresMax) this.#open(pauseMsMin);
    } else if (state.name === "trying") this.#open(Math.min(state.pauseMs * 2, pauseMsMax));
    // While open: a call that went out before.
  }

  #open(pauseMs: number): void {
    this.#state = { name: "open", untilMs: this.#clock.monotonicMs() + pauseMs, pauseMs };
  }
}
