import { randomBytes } from "node:crypto";
import type { Clock } from "@fleetcast/engine";
import type { TraceKind, TraceStep } from "@fleetcast/protocol";
import { Refusal } from "../refusal.ts";
import { traceChannelPrefix } from "./trace-channel.ts";

/** What a step is about: a trace follows one of these. */
export interface StepSubjects {
  readonly channel?: string | undefined;
  readonly user?: string | undefined;
  readonly machine?: string | undefined;
}

export interface Trace {
  readonly id: string;
  /** Where its steps are published. */
  readonly channel: string;
  readonly kind: TraceKind;
  readonly subject: string;
  readonly startedBy: string;
  readonly untilMs: number;
}

/**
 * Live traces of one channel, one user or one machine. `active` is false while nobody looks: callers ask it before they make a
 * step, and that is all a trace costs then (ADM40).
 */
export interface Tracer {
  readonly active: boolean;
  /** `payload` is shown only where the trace asked for payloads. */
  step(step: string, about: StepSubjects, fields?: TraceStep["fields"], payload?: Uint8Array): void;
  /** @throws Refusal too_many */
  start(request: {
    readonly kind: TraceKind;
    readonly subject: string;
    readonly payloads: boolean;
    readonly seconds: number;
    readonly startedBy: string;
  }): Trace;
  /** False where there is none of this id. */
  end(id: string): boolean;
  all(): readonly Trace[];
  stop(): void;
}

/** Traces at once. */
export const tracesMax = 8;
/** Steps a second of one trace; what is more is counted. */
export const stepsPerSecondMax = 100;
/** Bytes of a payload that are shown. */
export const payloadBytesMax = 1_024;
/** How long steps are gathered before they are published together. Milliseconds. */
const gatherMs = 250;

interface OpenTrace extends Trace {
  readonly payloads: boolean;
  steps: TraceStep[];
  dropped: number;
  /** Of the second that runs. */
  secondStartedMs: number;
  secondCount: number;
  cancelFlush: (() => void) | undefined;
  cancelEnd: () => void;
}

export function createTracer(ports: {
  readonly clock: Clock;
  readonly publish: (channel: string, data: Uint8Array) => Promise<unknown>;
  readonly namespaceBoundary: string;
  readonly onFailure: (cause: unknown) => void;
}): Tracer {
  const { clock, publish, onFailure } = ports;
  const open = new Map<string, OpenTrace>();
  const decoder = new TextDecoder();

  function tell(trace: OpenTrace, ended: boolean): void {
    const { steps, dropped } = trace;
    trace.steps = [];
    trace.dropped = 0;
    trace.cancelFlush?.();
    trace.cancelFlush = undefined;
    if (steps.length === 0 && dropped === 0 && !ended) return;
    const message = { steps, ...(dropped === 0 ? {} : { dropped }), ...(ended ? { ended: true } : {}) };
    publish(trace.channel, Buffer.from(JSON.stringify(message))).catch(onFailure);
  }

  function end(trace: OpenTrace): void {
    trace.cancelEnd();
    open.delete(trace.id);
    tracer.active = open.size > 0;
    tell(trace, true);
  }

  function add(trace: OpenTrace, step: TraceStep, payload: Uint8Array | undefined): void {
    const nowMs = clock.monotonicMs();
    if (nowMs - trace.secondStartedMs >= 1_000) {
      trace.secondStartedMs = nowMs;
      trace.secondCount = 0;
    }
    trace.cancelFlush ??= clock.schedule(gatherMs, () => tell(trace, false));
    if (++trace.secondCount > stepsPerSecondMax) {
      trace.dropped++;
      return;
    }
    const shown = trace.payloads && payload !== undefined ? decoder.decode(payload.subarray(0, payloadBytesMax)) : undefined;
    trace.steps.push(shown === undefined ? step : { ...step, payload: shown });
  }

  const tracer = {
    active: false,
    step(name: string, about: StepSubjects, fields: TraceStep["fields"] = {}, payload?: Uint8Array): void {
      // What a trace publishes is no step of it: that would go on for ever.
      if (about.channel?.startsWith(`console_tail${ports.namespaceBoundary}`)) return;
      let step: TraceStep | undefined;
      for (const trace of open.values()) {
        if (!isAbout(trace, about, ports.namespaceBoundary)) continue;
        step ??= { at_ms: clock.wallMs(), step: name, ...about, fields, ...(payload === undefined ? {} : { size_bytes: payload.length }) };
        add(trace, step, payload);
      }
    },
    start({ kind, subject, payloads, seconds, startedBy }: Parameters<Tracer["start"]>[0]): Trace {
      if (open.size >= tracesMax) throw new Refusal("too_many", `at most ${tracesMax} traces run at once`);
      const id = randomBytes(16).toString("base64url");
      const trace: OpenTrace = {
        id,
        channel: `console_tail${ports.namespaceBoundary}${traceChannelPrefix}${id}`,
        kind,
        subject,
        startedBy,
        untilMs: clock.wallMs() + seconds * 1_000,
        payloads,
        steps: [],
        dropped: 0,
        secondStartedMs: clock.monotonicMs(),
        secondCount: 0,
        cancelFlush: undefined,
        cancelEnd: () => {},
      };
      trace.cancelEnd = clock.schedule(seconds * 1_000, () => end(trace));
      open.set(id, trace);
      tracer.active = true;
      return shownTrace(trace);
    },
    end(id: string): boolean {
      const trace = open.get(id);
      if (trace === undefined) return false;
      end(trace);
      return true;
    },
    all: () => [...open.values()].map(shownTrace),
    stop(): void {
      for (const trace of [...open.values()]) end(trace);
    },
  };
  return tracer;
}

function isAbout({ kind, subject }: Trace, { channel, user, machine }: StepSubjects, boundary: string): boolean {
  switch (kind) {
    case "channel":
      return channel === subject;
    case "user":
      return user === subject;
    case "machine":
      return machine === subject || channel === `telemetry${boundary}${subject}` || channel === `events${boundary}${subject}`;
  }
}

function shownTrace({ id, channel, kind, subject, startedBy, untilMs }: OpenTrace): Trace {
  return { id, channel, kind, subject, startedBy, untilMs };
}
