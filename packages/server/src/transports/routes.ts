import type { Route } from "../http/route.ts";
import { connectionInitRoute } from "./connection-init.ts";
import { emulationRoute } from "./emulation.ts";
import { httpStreamRoute } from "./http-stream.ts";
import type { TransportPorts } from "./ports.ts";
import { sseRoute } from "./sse.ts";
import type { TransportOptions } from "./transport-options.ts";
import { uniHttpStreamRoute } from "./uni-http-stream.ts";
import { uniSseRoute } from "./uni-sse.ts";

/** The addresses of the transports that are plain HTTP; the WebSockets are the listener's own. */
export function transportRoutes(ports: TransportPorts, options: TransportOptions): readonly Route[] {
  const { httpStream, sse, uniHttpStream, uniSse, emulation, init } = options;
  const routes: Route[] = [];
  if (httpStream !== undefined) routes.push(httpStreamRoute(ports, httpStream));
  if (sse !== undefined) routes.push(sseRoute(ports, sse));
  if (httpStream !== undefined || sse !== undefined) routes.push(emulationRoute(ports, emulation));
  if (uniHttpStream !== undefined) routes.push(uniHttpStreamRoute(ports, uniHttpStream));
  if (uniSse !== undefined) routes.push(uniSseRoute(ports, uniSse));
  if (init !== undefined) routes.push(connectionInitRoute(ports, init));
  return routes;
}
