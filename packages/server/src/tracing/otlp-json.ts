import type { Attributes, EndedSpan } from "./span.ts";

/** OTLP's JSON form of a batch: every collector takes it where it takes Protobuf. */
export function otlpJson(spans: readonly EndedSpan[], resource: Attributes, version: string): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributeList(resource) },
        scopeSpans: [{ scope: { name: "fleetcast", version }, spans: spans.map(spanJson) }],
      },
    ],
  });
}

const failedStatus = 2;

function spanJson({ traceId, spanId, parentId, name, kind, startMs, endMs, attributes, failed }: EndedSpan): object {
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentSpanId: parentId }),
    name,
    kind,
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(Math.max(startMs, endMs)),
    attributes: attributeList(attributes),
    ...(failed ? { status: { code: failedStatus } } : {}),
  };
}

function attributeList(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: string | number | boolean): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** As text: a number has not enough digits for them. */
function nanoseconds(unixMs: number): string {
  const wholeMs = Math.floor(unixMs);
  return `${wholeMs}${String(Math.floor((unixMs - wholeMs) * 1e6)).padStart(6, "0")}`;
}
