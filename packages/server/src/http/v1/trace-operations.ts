import type { TraceEnd, TraceList, TraceRequest, TraceRow } from "@fleetcast/protocol";
import { z } from "zod";
import { named } from "../openapi/shapes.ts";
import { v1Operation } from "./operations.ts";

/** Live traces, for administrators: bodies, and what the document says. */

const kind = z.enum(["channel", "user", "machine"]);

export const startSchema: z.ZodType<TraceRequest> = named(
  "TraceRequest",
  z.strictObject({
    kind,
    subject: z.string().min(1).max(1_024),
    payloads: z.boolean().optional(),
    seconds: z.int().min(1).max(900).optional(),
  }),
);
export const endSchema: z.ZodType<TraceEnd> = named("TraceEnd", z.strictObject({ id: z.string().min(1).max(64) }));

const traceRowShape = named(
  "TraceRow",
  z.object({ id: z.string(), channel: z.string(), kind, subject: z.string(), started_by: z.string(), until: z.string() }),
) satisfies z.ZodType<TraceRow>;
const traceListShape = named("TraceList", z.object({ traces: z.array(traceRowShape) })) satisfies z.ZodType<TraceList>;

export const traceOperations = {
  traces: v1Operation({
    id: "traces",
    method: "GET",
    path: "/v1/traces",
    tag: "administration",
    summary: { en: "Lists the traces that run", zh: "列出正在进行的跟踪" },
    access: "session",
    answer: traceListShape,
    ok: { en: "The traces", zh: "跟踪列表" },
    refuses: [403],
  }),
  start: v1Operation({
    id: "startTrace",
    method: "POST",
    path: "/v1/traces",
    tag: "administration",
    summary: { en: "Begins to follow a channel, a user or a machine", zh: "开始跟踪一个频道、用户或机器" },
    text: {
      en: "The steps are published on `channel`, which a subscription token opens; after 300 seconds, or `seconds`, it ends by itself.",
      zh: "各步骤发布到 `channel`，凭订阅令牌订阅；300 秒（或 `seconds`）后自动结束。",
    },
    access: "session_write",
    request: { shape: startSchema, example: { kind: "machine", subject: "VM-SH-001", seconds: 60 } },
    answer: traceRowShape,
    ok: { en: "The trace", zh: "跟踪" },
    refuses: [429],
  }),
  end: v1Operation({
    id: "endTrace",
    method: "POST",
    path: "/v1/traces/end",
    tag: "administration",
    summary: { en: "Ends a trace", zh: "结束跟踪" },
    access: "session_write",
    request: { shape: endSchema, example: { id: "a-trace" } },
    ok: { en: "Ended", zh: "已结束" },
    refuses: [404],
  }),
};
