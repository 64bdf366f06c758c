import { endThread, startThread } from "./thread.ts";
import type { WriterAnswer, WriterRequest } from "./writer-protocol.ts";

/** This side of the writer's thread. At most one request is under way; its answer goes to the handler. */
export class WriterLink {
  readonly #worker: Worker;
  readonly #onAnswer: (answer: WriterAnswer) => void;

  constructor(onAnswer: (answer: WriterAnswer) => void, onCrash: (cause: Error) => void) {
    this.#onAnswer = onAnswer;
    this.#worker = startThread("writer-worker");
    this.#worker.onmessage = (event: MessageEvent<WriterAnswer>) => this.#onAnswer(event.data);
    this.#worker.onerror = (event) => onCrash(new Error(`the writer thread failed: ${event.message}`));
  }

  send(request: WriterRequest): void {
    if (request.kind !== "batch") {
      this.#worker.postMessage(request);
      return;
    }
    const { tape, recycled } = request;
    const buffers = [tape.numbers, tape.bytes, ...(recycled === undefined ? [] : [recycled.numbers, recycled.bytes])];
    this.#worker.postMessage(request, buffers);
  }

  end(): Promise<void> {
    return endThread(this.#worker);
  }
}
