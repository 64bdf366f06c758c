import type { CommandState } from "@fleetcast/protocol";
import { isFinal } from "../fleet/command-state.ts";
import { type Span, spanKind } from "./span.ts";
import type { Tracer } from "./tracer.ts";

const openMax = 10_000;

/** A command on its way down and its receipt: one trace from queued to its end, a span for each step. */
export class CommandTraces {
  readonly #tracer: Tracer;
  readonly #open = new Map<string, { readonly span: Span; sinceMs: number }>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  reached(cmdId: string, name: string, state: CommandState): void {
    if (state === "queued") {
      const span = this.#tracer.begin("command", spanKind.producer, { "fleetcast.command": name });
      if (span !== undefined && this.#open.size < openMax) this.#open.set(cmdId, { span, sinceMs: this.#tracer.nowMs() });
      return;
    }
    const open = this.#open.get(cmdId);
    if (open === undefined) return;
    open.span.child(`until ${state}`, spanKind.internal, {}, open.sinceMs).end();
    open.sinceMs = this.#tracer.nowMs();
    if (!isFinal(state)) return;
    this.#open.delete(cmdId);
    open.span.end({ attributes: { "fleetcast.command.state": state }, failed: state !== "done" });
  }
}
