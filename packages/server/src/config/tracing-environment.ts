import type { Environment } from "./environment.ts";

/** How much is traced. `parent` follows whoever asked us; `ratio` is of those that nobody decided before. */
export interface SamplerConfig {
  readonly parent: boolean;
  /** From 0 to 1. */
  readonly ratio: number;
}

/** Where traces go, as the standard's own variables (`OTEL_...`) say. */
export interface TraceExportConfig {
  /** Undefined: nowhere (`OTEL_TRACES_EXPORTER=none`, `OTEL_SDK_DISABLED=true`). */
  readonly url: string | undefined;
  /** May hold a key: never written anywhere. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly delayMs: number;
  readonly queueSpansMax: number;
  readonly batchSpansMax: number;
  readonly sampler: SamplerConfig;
  readonly resource: Readonly<Record<string, string>>;
}

const samplers: Readonly<Record<string, (ratio: number) => SamplerConfig>> = {
  always_on: () => ({ parent: false, ratio: 1 }),
  always_off: () => ({ parent: false, ratio: 0 }),
  traceidratio: (ratio) => ({ parent: false, ratio }),
  parentbased_always_on: () => ({ parent: true, ratio: 1 }),
  parentbased_always_off: () => ({ parent: true, ratio: 0 }),
  parentbased_traceidratio: (ratio) => ({ parent: true, ratio }),
};

/** Reads the variables. What cannot be used is told in `refused`, a line each; their values are not repeated: they may be keys. */
export function readTraceExport(environment: Environment): { readonly config: TraceExportConfig; readonly refused: readonly string[] } {
  const refused: string[] = [];
  const text = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const either = (name: string): string | undefined => text(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? text(`OTEL_EXPORTER_OTLP_${name}`);
  const number = (name: string, otherwise: number, max = Number.POSITIVE_INFINITY): number => {
    const value = Number(text(name) ?? otherwise);
    if (Number.isFinite(value) && value >= 0 && value <= max) return value;
    refused.push(`${name}: a number${max === 1 ? " from 0 to 1" : ""} is expected`);
    return otherwise;
  };
  const protocol = either("PROTOCOL") ?? "http/protobuf";
  if (protocol === "grpc")
    refused.push('OTEL_EXPORTER_OTLP_PROTOCOL: traces leave over HTTP; every collector takes "http/protobuf" at port 4318');
  const sampler = text("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on";
  const make = samplers[sampler];
  if (make === undefined) refused.push(`OTEL_TRACES_SAMPLER: one of ${Object.keys(samplers).join(", ")} is expected`);
  const isOff = text("OTEL_SDK_DISABLED")?.toLowerCase() === "true" || text("OTEL_TRACES_EXPORTER") === "none";
  const url =
    text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ??
    `${(text("OTEL_EXPORTER_OTLP_ENDPOINT") ?? "http://localhost:4318").replace(/\/+$/, "")}/v1/traces`;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    refused.push("OTEL_EXPORTER_OTLP_ENDPOINT: an http or https address is expected");
  return {
    refused,
    config: {
      url: isOff ? undefined : url,
      headers: { ...pairs(text("OTEL_EXPORTER_OTLP_HEADERS")), ...pairs(text("OTEL_EXPORTER_OTLP_TRACES_HEADERS")) },
      timeoutMs: number(
        text("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") === undefined ? "OTEL_EXPORTER_OTLP_TIMEOUT" : "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        10_000,
      ),
      delayMs: number("OTEL_BSP_SCHEDULE_DELAY", 5_000),
      queueSpansMax: number("OTEL_BSP_MAX_QUEUE_SIZE", 2_048),
      batchSpansMax: Math.max(1, number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)),
      sampler: (make ?? samplers["always_on"]!)(number("OTEL_TRACES_SAMPLER_ARG", 1, 1)),
      resource: {
        "service.name": "fleetcast",
        ...pairs(text("OTEL_RESOURCE_ATTRIBUTES")),
        ...(text("OTEL_SERVICE_NAME") === undefined ? {} : { "service.name": text("OTEL_SERVICE_NAME")! }),
      },
    },
  };
}

/** `a=1,b=2`, percent-encoded; what is no pair is left out. */
function pairs(list: string | undefined): Record<string, string> {
  const found: [string, string][] = [];
  for (const pair of list?.split(",") ?? []) {
    const at = pair.indexOf("=");
    if (at > 0) found.push([pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]);
  }
  return Object.fromEntries(found);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that stands for itself.
    return text;
  }
}
