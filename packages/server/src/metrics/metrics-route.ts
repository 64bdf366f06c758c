import type { Route } from "../http/route.ts";
import { dataSecurityHeaders } from "../http/security.ts";

/** `prometheus.handler_prefix`: the text format that Prometheus has read since its beginning. Internal, and without a key, as at the real server. */
export function metricsRoute(path: string, collect: () => string): Route {
  return {
    method: "GET",
    path,
    listener: "internal",
    bodyBytesMax: 0,
    handle: () =>
      new Response(collect(), {
        headers: {
          ...dataSecurityHeaders(),
          "content-type": "text/plain; version=0.0.4; charset=utf-8",
          "cache-control": "no-store",
        },
      }),
  };
}
