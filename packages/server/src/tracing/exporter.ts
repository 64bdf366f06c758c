import type { Clock } from "@fleetcast/engine";
import type { TraceExportConfig } from "../config/tracing-environment.ts";
import type { Logger } from "../log.ts";
import type { OutgoingFetch } from "../outgoing/outgoing-fetch.ts";
import { otlpJson } from "./otlp-json.ts";
import type { EndedSpan } from "./span.ts";

const answerBytesMax = 65_536;
const logEveryMs = 60_000;

export interface ExporterPorts {
  readonly fetch: OutgoingFetch;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

export interface ExportCounts {
  exported: number;
  /** The queue was full, or the collector did not take them. */
  dropped: number;
}

/** Sends spans in batches. A collector that is away costs spans, never memory or messages. */
export class Exporter {
  readonly counts: ExportCounts = { exported: 0, dropped: 0 };
  readonly #config: TraceExportConfig;
  readonly #ports: ExporterPorts;
  #queue: EndedSpan[] = [];
  #cancel: (() => void) | undefined;
  #sending: Promise<void> | undefined;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(config: TraceExportConfig, ports: ExporterPorts) {
    this.#config = config;
    this.#ports = ports;
  }

  add(span: EndedSpan): void {
    const { batchSpansMax, delayMs, queueSpansMax } = this.#config;
    if (this.#queue.length >= queueSpansMax) {
      this.counts.dropped++;
      return;
    }
    this.#queue.push(span);
    if (this.#queue.length >= batchSpansMax) this.#send();
    else this.#cancel ??= this.#ports.clock.schedule(delayMs, () => this.#send());
  }

  /** Sends what is there; resolves when it is sent or given up. */
  async stop(): Promise<void> {
    this.#send();
    await this.#sending;
  }

  #send(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#config.batchSpansMax);
      if (await this.#post(batch)) this.counts.exported += batch.length;
      else this.counts.dropped += batch.length;
    }
  }

  async #post(batch: readonly EndedSpan[]): Promise<boolean> {
    const { url, headers, timeoutMs, resource } = this.#config;
    const { fetch, version } = this.#ports;
    if (url === undefined) return false;
    try {
      const body = otlpJson(batch, resource, version);
      const { status } = await fetch({ url, headers: { ...headers, "content-type": "application/json" }, body, timeoutMs, answerBytesMax });
      if (status >= 200 && status < 300) return true;
      this.#complain(`status ${status}`);
    } catch (cause) {
      this.#complain(cause instanceof Error ? cause.message : String(cause));
    }
    return false;
  }

  #complain(why: string): void {
    const { clock, log } = this.#ports;
    if (clock.monotonicMs() - this.#loggedAtMs < logEveryMs) return;
    this.#loggedAtMs = clock.monotonicMs();
    log.warn({ why, dropped: this.counts.dropped }, "the collector did not take the traces (OTEL_EXPORTER_OTLP_ENDPOINT)");
  }
}
