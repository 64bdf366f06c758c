import type { Route } from "../http/route.ts";
import { empty } from "./answers.ts";
import { corsHeaders } from "./cors.ts";
import type { TransportPorts } from "./ports.ts";

/** An address that only answers: clients warm a connection up with it, load balancers look at it. */
export function connectionInitRoute(ports: TransportPorts, path: string): Route {
  return {
    method: "*",
    path,
    listener: "external",
    bodyBytesMax: 0,
    handle: (request) => {
      if (request.method !== "GET") return empty(405);
      if (!ports.gate.lets()) return empty(503);
      const headers = corsHeaders(request, ports.origin);
      headers.set("Content-Type", "application/json; charset=utf-8");
      return new Response("{}", { headers });
    },
  };
}
