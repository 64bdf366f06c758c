import type { Route } from "../http/route.ts";
import { dataSecurityHeaders } from "../http/security.ts";
import { isReady, type Readiness } from "./readiness.ts";

export interface ProbePorts {
  readonly healthPath: string;
  readonly readiness: () => Readiness;
}

/**
 * `health.handler_prefix` answers 200 `{}` as Centrifugo does, whatever the state; `/livez` says that the process turns its
 * loop; `/readyz` says whether work can be sent here, and if not why. None needs a key or a configuration.
 */
export function createProbeRoutes(ports: ProbePorts): Route[] {
  const route = (path: string, handle: Route["handle"]): Route => ({ method: "*", path, listener: "internal", bodyBytesMax: 0, handle });
  return [
    route(ports.healthPath, () => json(200, {})),
    route("/livez", () => json(200, { status: "alive" })),
    route("/readyz", () => {
      const parts = ports.readiness();
      const ready = isReady(parts);
      return json(ready ? 200 : 503, { status: ready ? "ready" : "not ready", ...parts });
    }),
  ];
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...dataSecurityHeaders(), "content-type": "application/json", "cache-control": "no-store" },
  });
}
