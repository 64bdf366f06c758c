import { type Clock, durationBounds, Histogram } from "@fleetcast/engine";
import type { Config } from "../config/config.ts";
import { ApiMeter, ProxyMeter } from "./call-meter.ts";
import { HttpMeter } from "./http-meter.ts";
import { LoopDelay } from "./loop-delay.ts";

/** What is measured while the server works, each where it happens. Made only where somebody will read it. */
export interface Meters {
  readonly api: ApiMeter;
  readonly proxies: ProxyMeter;
  /** With `prometheus.instrument_http_handlers` only. */
  readonly http: HttpMeter | undefined;
  readonly loop: LoopDelay;
  /** Commit to the last socket. Seconds. */
  readonly pushLag: Histogram;
}

/** Undefined without `prometheus.enabled`: then nobody asks a clock for anything. */
export function createMeters(config: Pick<Config, "prometheus">, clock: Clock): Meters | undefined {
  if (!config.prometheus.enabled) return undefined;
  return {
    api: new ApiMeter(clock),
    proxies: new ProxyMeter(clock),
    http: config.prometheus.instrumentHttpHandlers ? new HttpMeter() : undefined,
    loop: new LoopDelay(),
    pushLag: new Histogram(durationBounds),
  };
}
