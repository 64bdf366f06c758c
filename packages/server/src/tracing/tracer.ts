import { randomBytes } from "node:crypto";
import type { Clock } from "@fleetcast/engine";
import type { SamplerConfig } from "../config/tracing-environment.ts";
import { type Attributes, type EndedSpan, type Span, type SpanKind, spanKind } from "./span.ts";
import type { RemoteParent } from "./traceparent.ts";

interface TraceBase {
  readonly traceId: string;
  /** From monotonic to Unix time. */
  readonly shiftMs: number;
}

/** Begins traces, where the sampler wants them, and hands over what is ended. */
export class Tracer {
  readonly #clock: Pick<Clock, "wallMs" | "monotonicMs">;
  readonly #sampler: SamplerConfig;
  readonly #onEnded: (span: EndedSpan) => void;

  constructor(clock: Pick<Clock, "wallMs" | "monotonicMs">, sampler: SamplerConfig, onEnded: (span: EndedSpan) => void) {
    this.#clock = clock;
    this.#sampler = sampler;
    this.#onEnded = onEnded;
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Undefined where this one is not sampled: then nothing of it costs anything. */
  begin(name: string, kind: SpanKind, attributes: Attributes, parent?: RemoteParent): Span | undefined {
    const { parent: follows, ratio } = this.#sampler;
    if (parent !== undefined && follows) {
      return parent.sampled ? this.#root(parent.traceId, parent.spanId, name, kind, attributes) : undefined;
    }
    if (ratio === 0) return undefined;
    const traceId = parent?.traceId ?? randomBytes(16).toString("hex");
    // By the id itself, so that every process of a trace comes to the same verdict.
    if (ratio < 1 && Number.parseInt(traceId.slice(16, 29), 16) / 16 ** 13 >= ratio) return undefined;
    return this.#root(traceId, parent?.spanId, name, kind, attributes);
  }

  #root(traceId: string, parentId: string | undefined, name: string, kind: SpanKind, attributes: Attributes): Span {
    const startMs = this.nowMs();
    // Once for a trace: the wall clock tells whole milliseconds only, and spans of one trace must not overlap by its rounding.
    return this.#span({ traceId, shiftMs: this.#clock.wallMs() - startMs }, parentId, name, kind, attributes, startMs);
  }

  #span(trace: TraceBase, parentId: string | undefined, name: string, kind: SpanKind, attributes: Attributes, startMs: number): Span {
    const { traceId, shiftMs } = trace;
    const spanId = randomBytes(8).toString("hex");
    let isOver = false;
    return {
      traceId,
      spanId,
      traceparent: `00-${traceId}-${spanId}-01`,
      child: (childName, childKind = spanKind.internal, childAttributes = {}, childStartMs = this.nowMs()) =>
        this.#span(trace, spanId, childName, childKind, childAttributes, childStartMs),
      end: ({ attributes: more = {}, failed = false, endMs = this.nowMs() } = {}) => {
        if (isOver) return;
        isOver = true;
        this.#onEnded({
          traceId,
          spanId,
          parentId,
          name,
          kind,
          startMs: startMs + shiftMs,
          endMs: endMs + shiftMs,
          attributes: { ...attributes, ...more },
          failed,
        });
      },
    };
  }
}
