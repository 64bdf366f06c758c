import type { Logger } from "../../log.ts";
import { bodyBytesAtDoorMax } from "../body.ts";
import type { Operation } from "../openapi/operation.ts";
import { Problem } from "../problem.ts";
import type { Route } from "../route.ts";
import { administrationOperations } from "./administration-operations.ts";
import { administrationRoutes } from "./administration-routes.ts";
import { commandOperations, commandRoutes } from "./command-routes.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { fleetOperations, fleetRoutes } from "./fleet-routes.ts";
import { answering } from "./guard.ts";
import { realtimeOperations, realtimeRoutes } from "./realtime-routes.ts";
import { sessionOperations, sessionRoutes } from "./session-routes.ts";
import { systemOperations, systemRoutes } from "./system-routes.ts";
import { traceOperations } from "./trace-operations.ts";
import { traceRoutes } from "./trace-routes.ts";
import { tryRoutes } from "./try/try-routes.ts";

/** What the routes below lead to, for pages that are made without a server. */
export const v1Operations: readonly Operation[] = [
  sessionOperations,
  realtimeOperations,
  fleetOperations,
  commandOperations,
  systemOperations,
  administrationOperations,
  traceOperations,
].flatMap((operations) => Object.values<Operation>(operations));

/** Everything under `/v1`, as `packages/protocol/src/rest` says. What has no route is told so in a problem document. */
export function createV1Routes(dependencies: V1Dependencies): Route[] {
  const routes = [
    ...sessionRoutes(dependencies),
    ...realtimeRoutes(dependencies),
    ...fleetRoutes(dependencies),
    ...commandRoutes(dependencies),
    ...systemRoutes(dependencies),
    ...tryRoutes(dependencies),
    ...administrationRoutes(dependencies),
    ...traceRoutes(dependencies),
  ];
  return [
    ...routes,
    ...otherMethods(routes, dependencies.log),
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

/** A known path asked with another method: 405 as a problem document, with the methods that there are. */
export function otherMethods(routes: readonly Route[], log: Logger): Route[] {
  const byPath = Map.groupBy(routes, (route) => route.path);
  return Array.from(byPath, ([path, here]): Route => {
    const methods = here.map((route) => route.method as string);
    const allow = (methods.includes("GET") ? [...methods, "HEAD"] : methods).join(", ");
    return {
      method: "*",
      path,
      listener: "external",
      bodyBytesMax: bodyBytesAtDoorMax,
      handle: answering(log, () => {
        throw new Problem(405, "wrong_method", `this address answers ${allow}`, { headers: { Allow: allow } });
      }),
    };
  });
}
