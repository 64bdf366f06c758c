import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { API_KEY, Fleetcast } from "../harness/fleetcast.ts";
import { eventually } from "../harness/process.ts";
import { RawClient, sharedConfig, startBackend } from "./load.ts";

interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

/** A collector of one page: keeps the spans that come by OTLP over HTTP, in JSON. */
async function startCollector() {
  const spans: ReceivedSpan[] = [];
  const services = new Set<string>();
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString("utf8");
    });
    request.on("end", () => {
      assert.equal(request.url, "/v1/traces");
      const { resourceSpans } = JSON.parse(body) as {
        resourceSpans: {
          resource: { attributes: { key: string; value: { stringValue?: string } }[] };
          scopeSpans: { spans: ReceivedSpan[] }[];
        }[];
      };
      for (const { resource, scopeSpans } of resourceSpans) {
        for (const { key, value } of resource.attributes) if (key === "service.name") services.add(value.stringValue ?? "");
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, spans, services, close: () => server.close() };
}

const caller = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

test("[TR8] one message's way in a collector: PUBLISH, validate, commit, push; an API publish in its caller's trace; a backend told of its own", async () => {
  const [collector, backend] = await Promise.all([startCollector(), startBackend()]);
  const fleetcast = await Fleetcast.started({
    config: { ...sharedConfig(backend.url), opentelemetry: { enabled: true, api: true } },
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: "100", OTEL_SERVICE_NAME: "fleet-under-test" },
  });
  const client = new RawClient(fleetcast.websocket);
  const machines = fleetcast.cliProcess("simulate", "--count", "2", "--interval", "200ms");
  try {
    await client.opened;
    client.say({ connect: {} });
    client.say({ subscribe: { channel: "a" } });
    client.say({ rpc: { method: "m", data: {} } });
    const { traceId, spanId } = caller;
    const span = await eventually("the traces", 15_000, async () => {
      await fetch(`${fleetcast.base}/api/publish`, {
        method: "POST",
        headers: { "x-api-key": API_KEY, traceparent: `00-${traceId}-${spanId}-01` },
        body: JSON.stringify({ channel: "a", data: {} }),
      }).then((answer) => answer.arrayBuffer());
      const named = (name: string) => collector.spans.filter((one) => one.name === name);
      return (
        named("device message").length > 0 && named("push").some((one) => one.traceId === traceId) && named("proxy rpc").length > 0 && named
      );
    });
    assert.deepEqual([...collector.services], ["fleet-under-test"]);

    const publish = span("api publish")[0]!;
    assert.deepEqual([publish.traceId, publish.parentSpanId], [traceId, spanId]);
    const push = span("push").find((one) => one.parentSpanId === publish.spanId)!;
    assert.ok(BigInt(push.endTimeUnixNano) >= BigInt(publish.startTimeUnixNano));

    const message = span("device message")[0]!;
    for (const step of ["validate", "commit"]) {
      const found = collector.spans.find((one) => one.name === step && one.parentSpanId === message.spanId)!;
      assert.ok(BigInt(found.startTimeUnixNano) >= BigInt(message.startTimeUnixNano), step);
      assert.ok(BigInt(found.endTimeUnixNano) <= BigInt(message.endTimeUnixNano), step);
    }

    const question = span("proxy rpc")[0]!;
    const told = backend.headers.map((headers) => headers["traceparent"]);
    assert.ok(told.includes(`00-${question.traceId}-${question.spanId}-01`), JSON.stringify(told));
  } finally {
    client.close();
    await machines.end("SIGTERM");
    await fleetcast.remove();
    collector.close();
    backend.close();
  }
});
