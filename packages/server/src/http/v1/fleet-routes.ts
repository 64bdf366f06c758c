import type { SeriesField, Severity } from "@fleetcast/protocol";
import { vmIdPattern } from "../../auth/machines.ts";
import { jsonResponse, Problem } from "../problem.ts";
import type { Query } from "../query.ts";
import type { Route } from "../route.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { type Call, notAllowed, signedIn } from "./guard.ts";

const seriesFields: readonly SeriesField[] = ["temp_c", "voltage_v", "door_closed"];
const severities: readonly Severity[] = ["info", "warning", "critical"];
const scopePattern = /^[A-Za-z0-9_-]{1,64}$/;
export const eventTypePattern = /^[^\p{C}]{1,128}$/u;

const hourMs = 3_600_000;
/** A chart's widest range. */
const rangeMsMax = 400 * 24 * hourMs;
/** The year 9999: what a date can show. Unix milliseconds. */
export const timeMsMax = 253_402_300_799_999;

export function fleetRoutes(dependencies: V1Dependencies): Route[] {
  const { fleet, can, clock } = dependencies;
  const read = (path: string, handle: (call: Call) => Promise<Response>): Route => ({
    method: "GET",
    path,
    listener: "external",
    bodyBytesMax: 0,
    handle: signedIn(dependencies, "read_fleet", handle),
  });

  return [
    read("/v1/fleet", async ({ query, principal }) => {
      const scope = query.text("scope", scopePattern) ?? "all";
      if (!can(principal, "subscribe", `fleet:${scope}`)) throw notAllowed();
      return jsonResponse(await fleet.snapshot(scope));
    }),
    read("/v1/machines/*", async ({ query, peer }) => {
      const [vmId, part, ...more] = peer.rest.split("/");
      if (vmId === undefined || !vmIdPattern.test(vmId)) throw noSuchMachine();
      if (part === undefined) {
        const machine = await fleet.machine(vmId);
        if (machine === undefined) throw noSuchMachine();
        return jsonResponse(machine);
      }
      if (part !== "series" || more.length > 0) throw new Problem(404, "no_such_path", "there is nothing at this address");
      if (!fleet.knows(vmId)) throw noSuchMachine();
      return jsonResponse(await fleet.series(vmId, seriesRequest(query, clock.wallMs())));
    }),
    read("/v1/events", async ({ query }) =>
      jsonResponse(
        await fleet.events({
          vmId: query.text("vm_id", vmIdPattern),
          type: query.text("type", eventTypePattern),
          severity: query.oneOf("severity", severities),
          beforeMs: query.integer("before_ms", { min: 0, max: timeMsMax }),
          limit: query.integer("limit", { min: 1, max: 200 }) ?? 50,
        }),
      ),
    ),
  ];
}

/** One answer for a machine that does not exist and for one that is not yours (H13). */
export function noSuchMachine(field?: string): Problem {
  return new Problem(404, "no_such_machine", "there is no such machine", { field });
}

function seriesRequest(query: Query, nowMs: number) {
  const toMs = query.integer("to_ms", { min: 0, max: timeMsMax }) ?? nowMs;
  const fromMs = query.integer("from_ms", { min: 0, max: timeMsMax }) ?? Math.max(0, toMs - hourMs);
  if (fromMs >= toMs) throw new Problem(400, "bad_request", "the range must begin before it ends", { field: "from_ms" });
  if (toMs - fromMs > rangeMsMax) throw new Problem(400, "bad_request", "the range is at most 400 days", { field: "from_ms" });
  const fields = query.listOf("fields", seriesFields) ?? seriesFields;
  return { fromMs, toMs, fields, maxPoints: query.integer("max_points", { min: 1, max: 2_000 }) ?? 600 };
}
