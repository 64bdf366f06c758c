import type { Clock } from "./clock.ts";

/** When a change has to be on the screen: with the next batch, or on the very next frame (alarms, receipts, connection). */
export type Urgency = "batched" | "urgent";

export interface Frames {
  request(callback: () => void): number;
  cancel(id: number): void;
  /** A hidden page draws nothing. */
  hidden(): boolean;
}

export const browserFrames: Frames = {
  request: (callback) => window.requestAnimationFrame(callback),
  cancel: (id) => window.cancelAnimationFrame(id),
  hidden: () => document.hidden,
};

export const flushIntervalMs = 250;

type Phase =
  | { readonly name: "idle" }
  | { readonly name: "gathering"; readonly timer: number }
  | { readonly name: "framed"; readonly frame: number };

/**
 * The one place where what arrived becomes what is drawn. Publications only mark; 250 ms later one animation frame flushes
 * everything that was marked, so 1,000 publications a second cost four renders a second.
 *
 *     mark ... mark ... mark          urgent mark
 *     |<---- 250 ms ---->| frame      | frame
 */
export class FlushLoop {
  readonly #clock: Clock;
  readonly #frames: Frames;
  readonly #sinks = new Set<() => void>();
  #phase: Phase = { name: "idle" };
  #pending = false;

  constructor(clock: Clock, frames: Frames) {
    this.#clock = clock;
    this.#frames = frames;
  }

  /** `sink` is called once per flush; it looks itself whether it has anything to tell. */
  add(sink: () => void): () => void {
    this.#sinks.add(sink);
    return () => {
      this.#sinks.delete(sink);
    };
  }

  mark(urgency: Urgency): void {
    this.#pending = true;
    if (this.#frames.hidden()) return;
    switch (this.#phase.name) {
      case "framed":
        return;
      case "gathering":
        if (urgency === "batched") return;
        this.#clock.clearTimeout(this.#phase.timer);
        this.#requestFrame();
        return;
      case "idle":
        if (urgency === "urgent") this.#requestFrame();
        else this.#phase = { name: "gathering", timer: this.#clock.setTimeout(() => this.#requestFrame(), flushIntervalMs) };
    }
  }

  /** To be called when the page becomes visible or hidden. What was marked while hidden is flushed once. */
  visibilityChanged(): void {
    if (this.#frames.hidden()) this.#cancel();
    else if (this.#pending) this.mark("urgent");
  }

  stop(): void {
    this.#cancel();
    this.#sinks.clear();
  }

  #requestFrame(): void {
    this.#phase = { name: "framed", frame: this.#frames.request(() => this.#flush()) };
  }

  #cancel(): void {
    if (this.#phase.name === "gathering") this.#clock.clearTimeout(this.#phase.timer);
    if (this.#phase.name === "framed") this.#frames.cancel(this.#phase.frame);
    this.#phase = { name: "idle" };
  }

  #flush(): void {
    this.#phase = { name: "idle" };
    this.#pending = false;
    for (const sink of [...this.#sinks]) sink();
  }
}
