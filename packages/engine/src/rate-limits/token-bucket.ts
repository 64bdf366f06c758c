import type { RateLimit } from "./rate-limits.ts";

/** Two numbers; the limit comes from the options of the moment, so that a reload needs to touch no bucket. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;

  constructor(limit: RateLimit, nowMs: number) {
    this.#tokens = limit.burst;
    this.#atMs = nowMs;
  }

  /** Takes one token where there is one. */
  take({ perMinute, burst }: RateLimit, nowMs: number): boolean {
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#atMs) * perMinute) / 60_000);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
