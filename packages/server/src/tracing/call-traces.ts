import type { PushEngine } from "../push/push-engine.ts";
import type { MessageTraces } from "./message-traces.ts";
import { type Span, spanKind } from "./span.ts";
import { parseTraceparent } from "./traceparent.ts";
import type { Tracer } from "./tracer.ts";

/** A question to a backend under way. */
export interface QuestionTrace {
  /** The header by which the backend's spans join this one. */
  readonly traceparent: string;
  end(failed: boolean): void;
}

/** Traces what crosses the process by HTTP: commands of the server API, and questions to backends. */
export class CallTraces {
  readonly #tracer: Tracer;
  readonly #messages: MessageTraces;

  constructor(tracer: Tracer, messages: MessageTraces) {
    this.#tracer = tracer;
    this.#messages = messages;
  }

  question(type: string, name: string): QuestionTrace | undefined {
    const span = this.#tracer.begin(`proxy ${type}`, spanKind.client, { "fleetcast.proxy": name });
    return span && { traceparent: span.traceparent, end: (failed) => span.end({ failed }) };
  }

  /** Runs a command of the server API; what it publishes is followed to the sockets. */
  async command<Answer extends { readonly ok: boolean }>(
    header: string | null,
    method: string,
    push: PushEngine,
    run: (push: PushEngine) => Promise<Answer>,
  ): Promise<Answer> {
    const span = this.#tracer.begin(`api ${method}`, spanKind.server, { "rpc.method": method }, parseTraceparent(header));
    if (span === undefined) return run(push);
    const answer = await run(this.#following(push, span));
    span.end({ failed: !answer.ok });
    return answer;
  }

  #following(push: PushEngine, span: Span): PushEngine {
    const messages = this.#messages;
    const following: PushEngine = Object.create(push);
    return Object.assign(following, {
      async publish(request: Parameters<PushEngine["publish"]>[0]) {
        const result = await push.publish(request);
        messages.await(span, request.channel, result.position?.offset ?? 0);
        return result;
      },
      async broadcast(channels: readonly string[], request: Parameters<PushEngine["broadcast"]>[1]) {
        const results = await push.broadcast(channels, request);
        for (const [at, result] of results.entries()) {
          if (!(result instanceof Error)) messages.await(span, channels[at]!, result.position?.offset ?? 0);
        }
        return results;
      },
    });
  }
}
