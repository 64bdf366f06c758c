import type { Clock } from "@fleetcast/engine";
import type { Config } from "../config/config.ts";
import type { Logger } from "../log.ts";
import type { OutgoingFetch } from "../outgoing/outgoing-fetch.ts";
import { CallTraces } from "./call-traces.ts";
import { CommandTraces } from "./command-traces.ts";
import { type ExportCounts, Exporter } from "./exporter.ts";
import { MessageTraces } from "./message-traces.ts";
import { Tracer } from "./tracer.ts";

/** Everything that traces, each part where it happens. */
export interface Traces {
  readonly messages: MessageTraces;
  readonly commands: CommandTraces;
  readonly questions: CallTraces;
  /** The server API, with `opentelemetry.api` only. */
  readonly api: CallTraces | undefined;
  readonly counts: ExportCounts;
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** Undefined where nothing is traced: then no span is made anywhere. */
export function createTraces(
  { openTelemetry, version }: Pick<Config, "openTelemetry"> & { readonly version: string },
  ports: { readonly fetch: OutgoingFetch; readonly clock: Clock; readonly log: Logger },
): Traces | undefined {
  const { enabled, api, traces } = openTelemetry;
  if (!enabled || traces.url === undefined) return undefined;
  const exporter = new Exporter(traces, { ...ports, version });
  const tracer = new Tracer(ports.clock, traces.sampler, (span) => exporter.add(span));
  const messages = new MessageTraces(tracer);
  const calls = new CallTraces(tracer, messages);
  return {
    messages,
    commands: new CommandTraces(tracer),
    questions: calls,
    api: api ? calls : undefined,
    counts: exporter.counts,
    stop: () => exporter.stop(),
  };
}
