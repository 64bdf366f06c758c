import type { SeriesField, Severity } from "@fleetcast/protocol";
import { vmIdPattern } from "../../auth/machines.ts";
import type { Operation } from "../openapi/operation.ts";
import { jsonResponse, Problem } from "../problem.ts";
import type { Query } from "../query.ts";
import type { Route } from "../route.ts";
import { eventPageShape, machineShape, seriesShape, snapshotShape } from "./answers.ts";
import type { V1Dependencies } from "./dependencies.ts";
import { type Call, notAllowed, signedIn } from "./guard.ts";
import { integerShape, pathParameter, patternShape, queryParameter, v1Operation } from "./operations.ts";

const seriesFields: readonly SeriesField[] = ["temp_c", "voltage_v", "door_closed"];
const severities: readonly Severity[] = ["info", "warning", "critical"];
const scopePattern = /^[A-Za-z0-9_-]{1,64}$/;
export const eventTypePattern = /^[^\p{C}]{1,128}$/u;

const hourMs = 3_600_000;
/** A chart's widest range. */
const rangeMsMax = 400 * 24 * hourMs;
/** The year 9999: what a date can show. Unix milliseconds. */
export const timeMsMax = 253_402_300_799_999;
const timeBounds = { min: 0, max: timeMsMax };
const pointsBounds = { min: 1, max: 2_000 };
const pointsDefault = 600;
const limitBounds = { min: 1, max: 200 };
const limitDefault = 50;

const machineId = pathParameter("vm_id", patternShape(vmIdPattern), { en: "The machine's id.", zh: "机器 ID。" }, "VM-SH-001");
export const fleetOperations = {
  fleet: v1Operation({
    id: "fleet",
    method: "GET",
    path: "/v1/fleet",
    tag: "fleet",
    summary: { en: "Reads every machine's row", zh: "读取整个机群的列表" },
    text: {
      en: "`position` was read before the rows: who subscribes to `channel` and recovers from there misses nothing, and drops by `rev` what it has.",
      zh: "`position` 先于各行读取：从该位置恢复订阅 `channel` 不会遗漏，已有的行按 `rev` 丢弃。",
    },
    access: "session",
    parameters: [
      queryParameter("scope", patternShape(scopePattern), {
        en: "`all`, the only one and the default.",
        zh: "目前只有 `all`，也是默认值。",
      }),
    ],
    answer: snapshotShape,
    ok: { en: "The fleet", zh: "机群" },
    refuses: [400, 403, 404, 503],
  }),
  machine: v1Operation({
    id: "machine",
    method: "GET",
    path: "/v1/machines/{vm_id}",
    tag: "fleet",
    summary: { en: "Reads one machine and its newest events", zh: "读取一台机器及其最新事件" },
    access: "session",
    parameters: [machineId],
    answer: machineShape,
    ok: { en: "The machine", zh: "机器" },
    refuses: [403, 404],
  }),
  series: v1Operation({
    id: "series",
    method: "GET",
    path: "/v1/machines/{vm_id}/series",
    tag: "fleet",
    summary: { en: "Reads a machine's readings for a chart", zh: "读取机器读数，用于图表" },
    text: {
      en: "Columns of equal length; a bucket without readings is absent. The range is at most 400 days and is the last hour unless given.",
      zh: "各列等长；没有读数的时间桶不出现。范围至多 400 天，缺省为最近一小时。",
    },
    access: "session",
    parameters: [
      machineId,
      queryParameter("from_ms", integerShape(timeBounds), { en: "Begin, Unix milliseconds.", zh: "开始时间，Unix 毫秒。" }),
      queryParameter("to_ms", integerShape(timeBounds), { en: "End, Unix milliseconds.", zh: "结束时间，Unix 毫秒。" }),
      queryParameter(
        "fields",
        { type: "array", items: { type: "string", enum: seriesFields }, uniqueItems: true },
        { en: "Which series, separated by commas.", zh: "需要的序列，用逗号分隔。" },
      ),
      queryParameter("max_points", integerShape(pointsBounds, pointsDefault), { en: "Buckets at most.", zh: "最多多少个时间桶。" }),
    ],
    answer: seriesShape,
    ok: { en: "The series", zh: "序列" },
    refuses: [400, 403, 404],
  }),
  events: v1Operation({
    id: "events",
    method: "GET",
    path: "/v1/events",
    tag: "fleet",
    summary: { en: "Lists events, newest first", zh: "列出事件，最新在前" },
    access: "session",
    parameters: [
      queryParameter("vm_id", patternShape(vmIdPattern), { en: "Only this machine's.", zh: "只列此机器的事件。" }),
      queryParameter("type", { type: "string", minLength: 1, maxLength: 128 }, { en: "Only of this type.", zh: "只列此类型。" }),
      queryParameter("severity", { type: "string", enum: severities }, { en: "Only of this severity.", zh: "只列此级别。" }),
      queryParameter("before_ms", integerShape(timeBounds), {
        en: "Received before, Unix milliseconds.",
        zh: "此时间之前收到，Unix 毫秒。",
      }),
      queryParameter("limit", integerShape(limitBounds, limitDefault), { en: "How many at most.", zh: "最多返回多少条。" }),
    ],
    answer: eventPageShape,
    ok: { en: "The events, and `before_ms` of the next page", zh: "事件，以及下一页所用的 `before_ms`" },
    refuses: [400, 403],
  }),
};

export function fleetRoutes(dependencies: V1Dependencies): Route[] {
  const { fleet, can, clock } = dependencies;
  const read = (path: string, told: readonly Operation[], handle: (call: Call) => Promise<Response>): Route => ({
    method: "GET",
    path,
    listener: "external",
    bodyBytesMax: 0,
    operations: told,
    handle: signedIn(dependencies, "read_fleet", handle),
  });

  return [
    read("/v1/fleet", [fleetOperations.fleet], async ({ query, principal }) => {
      const scope = query.text("scope", scopePattern) ?? "all";
      if (!can(principal, "subscribe", `fleet:${scope}`)) throw notAllowed();
      return jsonResponse(await fleet.snapshot(scope));
    }),
    read("/v1/machines/*", [fleetOperations.machine, fleetOperations.series], async ({ query, peer }) => {
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
    read("/v1/events", [fleetOperations.events], async ({ query }) =>
      jsonResponse(
        await fleet.events({
          vmId: query.text("vm_id", vmIdPattern),
          type: query.text("type", eventTypePattern),
          severity: query.oneOf("severity", severities),
          beforeMs: query.integer("before_ms", timeBounds),
          limit: query.integer("limit", limitBounds) ?? limitDefault,
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
  const toMs = query.integer("to_ms", timeBounds) ?? nowMs;
  const fromMs = query.integer("from_ms", timeBounds) ?? Math.max(0, toMs - hourMs);
  if (fromMs >= toMs) throw new Problem(400, "bad_request", "the range must begin before it ends", { field: "from_ms" });
  if (toMs - fromMs > rangeMsMax) throw new Problem(400, "bad_request", "the range is at most 400 days", { field: "from_ms" });
  const fields = query.listOf("fields", seriesFields) ?? seriesFields;
  return { fromMs, toMs, fields, maxPoints: query.integer("max_points", pointsBounds) ?? pointsDefault };
}
