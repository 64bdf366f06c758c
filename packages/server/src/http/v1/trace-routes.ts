import type { TraceList, TraceRow } from "@fleetcast/protocol";
import type { Trace } from "../../administration/tracer.ts";
import { bodyBytesAtDoorMax, readJsonBody } from "../body.ts";
import { emptyResponse, jsonResponse, Problem } from "../problem.ts";
import type { Route } from "../route.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { signedIn } from "./guard.ts";
import { clientAddress } from "./session-routes.ts";
import { endSchema, startSchema, traceOperations } from "./trace-operations.ts";

const bodyBytesMax = 4_096;
const secondsDefault = 300;

/** Live traces: started here, followed on their own channel, ended here or by their time. */
export function traceRoutes(dependencies: V1Dependencies): Route[] {
  const { tracer, audit, config } = dependencies;
  return [
    {
      method: "GET",
      path: "/v1/traces",
      listener: "external",
      bodyBytesMax: 0,
      operations: [traceOperations.traces],
      handle: signedIn(dependencies, "manage_users", () => {
        const answer: TraceList = { traces: tracer.all().map(shown) };
        return jsonResponse(answer);
      }),
    },
    {
      method: "POST",
      path: "/v1/traces",
      listener: "external",
      bodyBytesMax: bodyBytesAtDoorMax,
      operations: [traceOperations.start],
      handle: signedIn(dependencies, "manage_users", async ({ request, peer, principal }) => {
        const { kind, subject, payloads = false, seconds = secondsDefault } = await readJsonBody(request, startSchema, bodyBytesMax);
        const trace = tracer.start({ kind, subject, payloads, seconds, startedBy: principal.userId });
        const address = clientAddress(request, peer, config.http.tlsInFront);
        await audit.note({ actor: principal.userId, action: "trace.start", target: subject, detail: { kind, payloads, seconds }, address });
        return jsonResponse(shown(trace));
      }),
    },
    {
      method: "POST",
      path: "/v1/traces/end",
      listener: "external",
      bodyBytesMax: bodyBytesAtDoorMax,
      operations: [traceOperations.end],
      handle: signedIn(dependencies, "manage_users", async ({ request }) => {
        const { id } = await readJsonBody(request, endSchema, bodyBytesMax);
        if (!tracer.end(id)) throw new Problem(404, "no_such_trace", "there is no such trace");
        return emptyResponse();
      }),
    },
  ];
}

function shown({ id, channel, kind, subject, startedBy, untilMs }: Trace): TraceRow {
  return { id, channel, kind, subject, started_by: startedBy, until: new Date(untilMs).toISOString() };
}
