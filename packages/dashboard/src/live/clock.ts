/**
 * Time as the live layer sees it. The page hands in the browser's; a test hands in its own.
 * `now` is the browser's clock in milliseconds since 1970, never compared with a server time without `ServerClock`.
 */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, delayMs: number): number;
  clearTimeout(id: number): void;
}

export const browserClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delayMs) => window.setTimeout(callback, delayMs),
  clearTimeout: (id) => window.clearTimeout(id),
};

/**
 * How far the server's clock is from the browser's. Each answer that carries the server's time is a sample whose error
 * is at most half its round trip, so the sample with the shortest round trip is the one that is kept.
 */
export class ServerClock {
  readonly #clock: Clock;
  #offsetMs = 0;
  #roundTripMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  sample(serverTimeMs: number, sentMs: number, answeredMs: number): void {
    const roundTripMs = Math.max(0, answeredMs - sentMs);
    if (roundTripMs > this.#roundTripMs) return;
    this.#roundTripMs = roundTripMs;
    this.#offsetMs = serverTimeMs - (sentMs + answeredMs) / 2;
  }

  /** Server minus browser, in milliseconds; 0 until the first sample. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** The server's time now, as well as it is known. */
  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }
}
