import type { Route } from "../http/route.ts";
import { dataSecurityHeaders } from "../http/security.ts";

/** What readiness is judged by (R4). Each answers true while it can do its work. */
export interface ProbePorts {
  readonly healthPath: string;
  /** Started, and not yet stopping. */
  readonly running: () => boolean;
  readonly store: () => boolean;
  readonly push: () => boolean;
  /** The broker: connected, where it is another program. */
  readonly intake: () => boolean;
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
      const parts = { running: ports.running(), store: ports.store(), push: ports.push(), intake: ports.intake() };
      // An intake that is away delays devices but nothing else: new work for the screens is still welcome here.
      const ready = parts.running && parts.store && parts.push;
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
