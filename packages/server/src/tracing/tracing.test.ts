import assert from "node:assert/strict";
import { test } from "node:test";
import { readTraceExport } from "../config/tracing-environment.ts";
import { CommandTraces } from "./command-traces.ts";
import { Exporter } from "./exporter.ts";
import { MessageTraces } from "./message-traces.ts";
import { otlpJson } from "./otlp-json.ts";
import { type EndedSpan, spanKind } from "./span.ts";
import { parseTraceparent } from "./traceparent.ts";
import { Tracer } from "./tracer.ts";

const remote = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function recording(sampler = { parent: true, ratio: 1 }) {
  const spans: EndedSpan[] = [];
  const clock = { ms: 0, wallMs: () => 1_700_000_000_000 + clock.ms, monotonicMs: () => clock.ms };
  return { spans, clock, tracer: new Tracer(clock, sampler, (span) => spans.push(span)) };
}

test("[TR1] a trace context is read as the standard says, anything else is as if it were not there", () => {
  assert.deepEqual(parseTraceparent(remote), {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    sampled: true,
  });
  assert.equal(parseTraceparent(remote.replace(/01$/, "00"))?.sampled, false);
  assert.equal(parseTraceparent(`${remote}-what-comes-later`), undefined);
  assert.equal(parseTraceparent(`cc${remote.slice(2)}-what-comes-later`)?.sampled, true);
  for (const bad of [
    null,
    "",
    "00",
    remote.toUpperCase(),
    `ff${remote.slice(2)}`,
    remote.replace(/0af7651916cd43dd8448eb211c80319c/, "0".repeat(32)),
  ]) {
    assert.equal(parseTraceparent(bad), undefined, String(bad));
  }
});

test("[TR2] who asks decides where the sampler follows, and a ratio is of the traces that nobody decided", () => {
  const parent = parseTraceparent(remote)!;
  const follows = recording({ parent: true, ratio: 0 });
  assert.equal(follows.tracer.begin("a", spanKind.server, {}, parent)?.traceId, parent.traceId);
  assert.equal(follows.tracer.begin("a", spanKind.server, {}), undefined);
  assert.equal(recording().tracer.begin("a", spanKind.server, {}, { ...parent, sampled: false }), undefined);
  assert.equal(recording({ parent: false, ratio: 0 }).tracer.begin("a", spanKind.server, {}, parent), undefined);
  const tenth = recording({ parent: true, ratio: 0.1 });
  let sampled = 0;
  for (let n = 0; n < 10_000; n++) if (tenth.tracer.begin("a", spanKind.server, {}) !== undefined) sampled++;
  assert.ok(sampled > 800 && sampled < 1_200, `${sampled}`);
});

test("[TR3] a message is traced from its arrival to PUBACK, and its publication to the last socket", () => {
  const { spans, clock, tracer } = recording();
  const traces = new MessageTraces(tracer);
  const commits: (() => void)[] = [];
  const journal = traces.journal({
    append: (_entry, done) => commits.push(() => done({ verdict: "stored", positions: [{ offset: 7, epoch: "e", id: 1 }], gap: 0 })),
    appendAll: () => assert.fail(),
  });
  const publication = { channel: "telemetry:a", data: new Uint8Array(), historyTtlMs: 0 };
  const handler = traces.intake(
    (_message, done) => {
      clock.ms = 1;
      journal.append({ atMs: 0, records: [], publications: [publication] }, () => done());
    },
    () => "telemetry",
  );
  handler({ topic: "vm/a/telemetry", payload: new Uint8Array(5), qos: 1, retain: false, vmId: "a", will: false } as never, () => {});
  clock.ms = 4;
  for (const commit of commits) commit();
  traces.delivered("telemetry:a", 6, 9);
  traces.delivered("telemetry:a", 7, 9.5);
  traces.delivered("telemetry:a", 7, 11);
  const times = spans.map(({ name, startMs, endMs }) => [name, startMs - 1_700_000_000_000, endMs - 1_700_000_000_000]);
  assert.deepEqual(times, [
    ["validate", 0, 1],
    ["commit", 1, 4],
    ["device message", 0, 4],
    ["push", 4, 9.5],
  ]);
  assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1);
  const root = spans.find(({ name }) => name === "device message")!;
  for (const span of spans) assert.equal(span.parentId, span === root ? undefined : root.spanId);
});

test("[TR4] a command is one trace from queued to its end, a span for each step", () => {
  const { spans, clock, tracer } = recording();
  const traces = new CommandTraces(tracer);
  for (const state of ["queued", "sent", "received", "failed"] as const) {
    traces.reached("c1", "reboot", state);
    clock.ms += 10;
  }
  traces.reached("c1", "reboot", "done");
  assert.deepEqual(
    spans.map(({ name, failed, endMs, startMs }) => [name, failed, endMs - startMs]),
    [
      ["until sent", false, 10],
      ["until received", false, 10],
      ["until failed", false, 10],
      ["command", true, 30],
    ],
  );
});

test("[TR5] OTLP's JSON: ids in hexadecimal, times in nanoseconds as text, numbers as its types", () => {
  const span: EndedSpan = {
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    parentId: undefined,
    name: "n",
    kind: spanKind.client,
    startMs: 1_700_000_000_000.25,
    endMs: 1_700_000_000_001,
    attributes: { text: "x", whole: 3, part: 0.5, yes: true },
    failed: true,
  };
  const { resourceSpans } = JSON.parse(otlpJson([span], { "service.name": "s" }, "1")) as {
    resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[];
  };
  assert.deepEqual(resourceSpans[0]?.scopeSpans[0]?.spans[0], {
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    name: "n",
    kind: 3,
    startTimeUnixNano: "1700000000000250000",
    endTimeUnixNano: "1700000000001000000",
    attributes: [
      { key: "text", value: { stringValue: "x" } },
      { key: "whole", value: { intValue: "3" } },
      { key: "part", value: { doubleValue: 0.5 } },
      { key: "yes", value: { boolValue: true } },
    ],
    status: { code: 2 },
  });
});

test("[TR6] a collector that is away costs spans, one line a minute and no memory", async () => {
  const lines: string[] = [];
  const say = (_fields: unknown, line: string): void => void lines.push(line);
  const { config } = readTraceExport({ OTEL_BSP_MAX_QUEUE_SIZE: "10", OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abc" });
  const clock = { wallMs: () => 0, monotonicMs: () => 0, soon: () => {}, schedule: () => () => {} };
  const exporter = new Exporter(config, {
    clock,
    version: "1",
    log: { debug: say, info: say, warn: say, error: say },
    fetch: ({ headers }) => {
      assert.equal(headers["authorization"], "Bearer abc");
      return Promise.reject(new Error("no answer"));
    },
  });
  const { tracer } = recording();
  const span = tracer.begin("a", spanKind.server, {})!;
  for (let n = 0; n < 25; n++)
    exporter.add({ ...span, parentId: undefined, name: "a", kind: 1, startMs: 0, endMs: 0, attributes: {}, failed: false });
  await exporter.stop();
  assert.deepEqual(exporter.counts, { exported: 0, dropped: 25 });
  assert.equal(lines.length, 1);
});

test("[TR7] the standard's variables; what cannot be used is refused without its value", () => {
  const read = readTraceExport({
    OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector:4318/",
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=s%3Dx, other = 2,nonsense",
    OTEL_SERVICE_NAME: "plant",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=lost,region=eu",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
  });
  assert.deepEqual(read.refused, []);
  assert.equal(read.config.url, "https://collector:4318/v1/traces");
  assert.deepEqual(read.config.headers, { "api-key": "s=x", other: "2" });
  assert.deepEqual(read.config.resource, { "service.name": "plant", region: "eu" });
  assert.deepEqual(read.config.sampler, { parent: true, ratio: 0.25 });
  assert.equal(readTraceExport({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c/x" }).config.url, "http://c/x");
  assert.equal(readTraceExport({ OTEL_SDK_DISABLED: "true" }).config.url, undefined);
  assert.equal(readTraceExport({ OTEL_TRACES_EXPORTER: "none" }).config.url, undefined);
  const { refused } = readTraceExport({
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_TRACES_SAMPLER: "secret-value",
    OTEL_TRACES_SAMPLER_ARG: "2",
    OTEL_EXPORTER_OTLP_ENDPOINT: "secret-value",
  });
  assert.equal(refused.length, 4, refused.join("\n"));
  assert.doesNotMatch(refused.join("\n"), /secret-value/);
});
