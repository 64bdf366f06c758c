import type { Chance, Clock } from "@fleetcast/engine";
import type { Logger } from "../../log.ts";
import type { SendFailure } from "./batch-sender.ts";
import type { PublisherLimits } from "./publisher-limits.ts";

export interface OutagePorts {
  readonly clock: Clock;
  readonly chance: Pick<Chance, "random">;
  readonly log: Logger;
  readonly limits: PublisherLimits;
}

/** Whole requests that failed one after the other: what they say about the other side, and how long to wait. */
export class Outage {
  readonly #ports: OutagePorts;
  #failures = 0;
  /** When the first of the failing requests began. */
  #sinceMs = 0;
  /** What a human has to mend; "" for nothing. */
  #alarm = "";

  constructor(ports: OutagePorts) {
    this.#ports = ports;
  }

  get isOn(): boolean {
    return this.#failures > 0;
  }

  get healthy(): boolean {
    if (this.#failures === 0) return true;
    return this.#alarm === "" && this.#ports.clock.monotonicMs() - this.#sinceMs < this.#ports.limits.unhealthyAfterMs;
  }

  /** Answers how long to wait before the next attempt. Logs the first failure, then ever more rarely. */
  failed(failure: SendFailure, startedMs: number, waiting: number): number {
    const { log } = this.#ports;
    if (this.#failures === 0) this.#sinceMs = startedMs;
    this.#failures += 1;
    if (failure.alarm && this.#alarm !== failure.reason) {
      this.#alarm = failure.reason;
      log.error({ reason: failure.reason }, "Centrifugo refuses its API to us: check push.centrifugo.url and api_key");
    } else if (isPowerOfTwo(this.#failures)) {
      log.warn({ reason: failure.reason, times: this.#failures, waiting }, "the push fails; nothing is lost");
    }
    return retryDelayMs(this.#ports, this.#failures);
  }

  ended(waiting: number): void {
    if (this.#failures > 0) this.#ports.log.info({ waiting }, "the push works again");
    this.#failures = 0;
    this.#alarm = "";
  }
}

/** Doubled with each time, up to the limit, and shortened by chance up to a half, so that many do not come at once. */
export function retryDelayMs({ limits, chance }: Pick<OutagePorts, "limits" | "chance">, times: number): number {
  const delayMs = Math.min(limits.retryDelayMsMax, limits.retryDelayMsMin * 2 ** Math.min(times - 1, 16));
  return delayMs * (1 - chance.random() / 2);
}

export function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}
