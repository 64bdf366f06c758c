import { type Clock, Timing } from "@fleetcast/engine";
import type { ProxyMetrics } from "../proxy/backend.ts";

/** Calls of one kind, told apart by one or two words from lists that we or the operator wrote; never by what a client says. */
class Call {
  readonly timing = new Timing();
  readonly errors = new Map<string, number>();
  inflight = 0;
}

/** Times the commands of the server API. */
export class ApiMeter {
  readonly methods = new Map<string, Call>();
  readonly #clock: Pick<Clock, "monotonicMs">;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** `method` is a name of our own table; `code` the error's, undefined where it went well. */
  ended(method: string, startedAtMs: number, code: number | undefined): void {
    const call = callOf(this.methods, method);
    const nowMs = this.#clock.monotonicMs();
    call.timing.observe(nowMs - startedAtMs, nowMs);
    if (code !== undefined) call.errors.set(String(code), (call.errors.get(String(code)) ?? 0) + 1);
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }
}

/** Times the questions to backends: by kind and by the name that the configuration gives them. */
export class ProxyMeter implements ProxyMetrics {
  /** `type name` */
  readonly calls = new Map<string, Call>();
  readonly #clock: Pick<Clock, "monotonicMs">;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  started(type: string, name: string): void {
    callOf(this.calls, `${type} ${name}`).inflight++;
  }

  ended(type: string, name: string, durationMs: number, failed: boolean): void {
    const call = callOf(this.calls, `${type} ${name}`);
    call.inflight--;
    call.timing.observe(durationMs, this.#clock.monotonicMs());
    if (failed) call.errors.set("", (call.errors.get("") ?? 0) + 1);
  }
}

function callOf(calls: Map<string, Call>, key: string): Call {
  let call = calls.get(key);
  if (call === undefined) {
    call = new Call();
    calls.set(key, call);
  }
  return call;
}
