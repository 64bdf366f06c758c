import type { ConnectionInput, Socket } from "@fleetcast/engine";
import type { OpenStream, StreamOptions } from "./open-stream.ts";

/** `connect_code_to_http_response`: what a failed connect is answered with, by its code; any other is a bare 500. */
export type ConnectCodeAnswers = ReadonlyMap<number, { readonly status: number /** "": the reason. */; readonly body: string }>;

type Decision =
  | { readonly kind: "connected"; readonly frame: string | Uint8Array }
  | { readonly kind: "refused"; readonly code: number; readonly reason: string }
  | { readonly kind: "gone" };

/**
 * Opens the stream only when the connect has succeeded: until then the status is not said, so that a failure can be one of
 * HTTP, which proxies and load balancers understand.
 */
export async function decidedStream(
  openStream: OpenStream,
  options: StreamOptions,
  answers: ConnectCodeAnswers,
  refusedHeaders: Headers,
): Promise<Response> {
  const { signal } = options.request;
  const socket = new UndecidedSocket();
  const input = options.start(socket);
  const gone = (): void => socket.leave();
  signal.addEventListener("abort", gone);
  socket.attach(input);
  const decision = await socket.decision;
  if (decision.kind !== "connected") {
    signal.removeEventListener("abort", gone);
    return refusal(decision, answers, refusedHeaders);
  }
  return openStream({
    ...options,
    start: (stream) => {
      // Not before: a stream whose client has left by now is never started.
      signal.removeEventListener("abort", gone);
      socket.become(stream, decision.frame);
      return input;
    },
  });
}

function refusal(decision: Exclude<Decision, { readonly kind: "connected" }>, answers: ConnectCodeAnswers, headers: Headers): Response {
  headers.set("Content-Type", "text/plain; charset=utf-8");
  const answer = decision.kind === "refused" ? answers.get(decision.code) : undefined;
  if (answer === undefined || decision.kind === "gone") return new Response("Internal Server Error", { status: 500, headers });
  return new Response(answer.body === "" ? decision.reason : answer.body, { status: answer.status, headers });
}

/** Waits for what the engine does first with a connection: say something, or end it. Then it is the stream's socket. */
class UndecidedSocket implements Socket {
  readonly decision: Promise<Decision>;
  #decide!: (decision: Decision) => void;
  #input: ConnectionInput | undefined;
  #stream: Socket | undefined;
  #phase: "undecided" | "waiting" | "open" | "closed" = "undecided";

  constructor() {
    this.decision = new Promise((resolve) => {
      this.#decide = resolve;
    });
  }

  attach(input: ConnectionInput): void {
    this.#input = input;
    if (this.#phase === "closed") input.closed();
  }

  /** The stream is there: what was said first goes out, and what was held back may follow. */
  become(stream: Socket, frame: string | Uint8Array): void {
    this.#stream = stream;
    if (this.#phase === "closed") {
      stream.close(0, "");
      return;
    }
    this.#phase = "open";
    if (stream.send(frame) === "sent") this.#input?.drained();
  }

  /** The client did not wait. */
  leave(): void {
    this.#end({ kind: "gone" });
  }

  send(frame: string | Uint8Array): "sent" | "queued" | "gone" {
    switch (this.#phase) {
      case "undecided":
        this.#phase = "waiting";
        this.#decide({ kind: "connected", frame });
        return "queued";
      case "waiting":
        return "queued";
      case "open":
        return this.#stream?.send(frame) ?? "gone";
      case "closed":
        return "gone";
    }
  }

  close(code: number, reason: string): void {
    if (this.#stream === undefined) this.#end({ kind: "refused", code, reason });
    else this.#stream.close(code, reason);
  }

  destroy(): void {
    if (this.#stream === undefined) this.#end({ kind: "gone" });
    else this.#stream.destroy();
  }

  get bufferedBytes(): number {
    return this.#phase === "waiting" ? 1 : (this.#stream?.bufferedBytes ?? 0);
  }

  #end(decision: Decision): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#decide(decision);
    this.#input?.closed();
  }
}
