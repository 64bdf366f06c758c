import type { CheckpointAnswer, CheckpointRequest } from "./checkpoint-protocol.ts";
import { endThread, startThread } from "./thread.ts";

/** Pages waiting in the log that are worth a checkpoint. */
const waitingPagesMin = 1_000;

/** This side of the checkpoint thread: one at a time, whenever enough waits. */
export class CheckpointLink {
  readonly #worker: Worker;
  #busy = true;

  constructor(onFailure: (cause: Error) => void) {
    this.#worker = startThread("checkpoint-worker");
    this.#worker.onmessage = (event: MessageEvent<CheckpointAnswer>) => {
      const answer = event.data;
      if (answer.kind === "fatal") onFailure(new Error(`the store cannot be checkpointed: ${answer.why}`));
      else this.#busy = false;
    };
    this.#worker.onerror = (event) => onFailure(new Error(`the checkpoint thread failed: ${event.message}`));
  }

  open(path: string): void {
    this.#send({ kind: "open", path });
    this.#busy = false;
  }

  /** `waitingPages`: what the log holds that is not in the file yet. */
  offer(waitingPages: number): void {
    if (this.#busy || waitingPages < waitingPagesMin) return;
    this.#busy = true;
    this.#send({ kind: "checkpoint" });
  }

  end(): Promise<void> {
    return endThread(this.#worker);
  }

  #send(request: CheckpointRequest): void {
    this.#worker.postMessage(request);
  }
}
