import { Problem } from "../problem.ts";
import type { Route } from "../route.ts";
import { administrationRoutes } from "./administration-routes.ts";
import { commandRoutes } from "./command-routes.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { fleetRoutes } from "./fleet-routes.ts";
import { answering } from "./guard.ts";
import { realtimeRoutes } from "./realtime-routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import { systemRoutes } from "./system-routes.ts";
import { traceRoutes } from "./trace-routes.ts";
import { tryRoutes } from "./try/try-routes.ts";

/** Everything under `/v1`, as `packages/protocol/src/rest` says. What has no route is told so in JSON. */
export function createV1Routes(dependencies: V1Dependencies): Route[] {
  return [
    ...sessionRoutes(dependencies),
    ...realtimeRoutes(dependencies),
    ...fleetRoutes(dependencies),
    ...commandRoutes(dependencies),
    ...systemRoutes(dependencies),
    ...tryRoutes(dependencies),
    ...administrationRoutes(dependencies),
    ...traceRoutes(dependencies),
    {
      method: "*",
      path: "/v1/*",
      listener: "external",
      bodyBytesMax: 65_536,
      handle: answering(dependencies.log, () => {
        throw new Problem(404, "no_such_path", "there is nothing at this address");
      }),
    },
  ];
}
