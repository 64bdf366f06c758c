import { Reader } from "./reader.ts";
import type { ReaderReply, ReaderRequest } from "./reader-protocol.ts";
import { TapeWriter } from "./tape.ts";

/** The reader's own thread: a slow question delays other questions, never a commit. */
declare const self: Worker;

let reader: Reader | undefined;
const notice = (message: string): void => self.postMessage({ kind: "notice", message } satisfies ReaderReply);

self.onmessage = (event: MessageEvent<ReaderRequest>) => {
  const request = event.data;
  switch (request.kind) {
    case "open":
      reader = new Reader(request.path, request.epoch, notice);
      self.postMessage({ kind: "opened" } satisfies ReaderReply);
      return;
    case "ask": {
      const opened = reader!;
      const rows = new TapeWriter();
      const answers = request.questions.map((question) => opened.answer(question, rows));
      const tape = rows.seal();
      self.postMessage({ kind: "answers", answers, tape } satisfies ReaderReply, [tape.numbers, tape.bytes]);
      return;
    }
    case "close":
      reader?.close();
      self.postMessage({ kind: "closed" } satisfies ReaderReply);
      return;
  }
};
