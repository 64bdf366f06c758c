import { Writer } from "./writer.ts";
import type { WriterAnswer, WriterRequest } from "./writer-protocol.ts";

/** The writer's own thread: takes requests one after another, in the order they were sent. */
declare const self: Worker;

const writer = new Writer((message) => self.postMessage({ kind: "notice", message } satisfies WriterAnswer));

self.onmessage = (event: MessageEvent<WriterRequest>) => {
  const answer = writer.handle(event.data);
  if (answer.kind !== "committed") {
    self.postMessage(answer);
    return;
  }
  const { outcomes, spent } = answer;
  self.postMessage(answer, [outcomes.numbers, outcomes.bytes, spent.numbers, spent.bytes]);
};
