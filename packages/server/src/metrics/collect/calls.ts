import type { Exposition } from "../exposition.ts";
import type { Meters } from "../meters.ts";
import { centrifugoFamilies as names } from "../table/centrifugo.ts";
import { fleetcastFamilies as ours } from "../table/fleetcast.ts";

/** Server API, proxies, HTTP, and the loop that all of them share. */
export function collectCalls(out: Exposition, { api, proxies, http, loop, pushLag }: Meters): void {
  for (const [method, { timing, errors }] of api.methods) {
    out.summary(names.apiSeconds, timing, "http", method);
    out.histogram(names.apiSecondsHistogram, timing.histogram, "http", method);
    for (const [code, count] of errors) out.put(names.apiErrors, count, "http", method, code);
  }
  for (const [key, { timing, errors, inflight }] of proxies.calls) {
    const [type = "", ...rest] = key.split(" ");
    const labels = ["http", type, rest.join(" ")] as const;
    out.summary(names.proxySeconds, timing, ...labels);
    out.histogram(names.proxySecondsHistogram, timing.histogram, ...labels);
    out.put(names.proxyErrors, errors.get("") ?? 0, ...labels);
    out.put(names.proxyInflight, inflight, ...labels);
  }
  for (const [path, method, status, count] of http?.entries() ?? []) out.put(names.httpRequests, count, path, method, status);
  out.histogram(ours.loopDelay, loop.seconds);
  out.histogram(ours.pushLag, pushLag);
}
