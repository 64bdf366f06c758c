import type { JournalRow } from "../journal.ts";
import type { ReaderAnswer, ReaderQuestion, ReaderReply, ReaderRequest } from "./reader-protocol.ts";
import { decodeRow } from "./row-tape.ts";
import { TapeReader } from "./tape.ts";
import { endThread, startThread } from "./thread.ts";

/** An answer with its rows taken off the tape. */
export type Answer =
  | Exclude<ReaderAnswer, { readonly kind: "rows" }>
  | (ReaderAnswer & { readonly kind: "rows" } & { readonly rows: readonly JournalRow[] });

interface Asked {
  readonly question: ReaderQuestion;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (cause: Error) => void;
}

/** Questions sent in one message: enough to make a storm of recoveries cheap, few enough that the first is not kept waiting. */
const questionsPerMessageMax = 32;

/** This side of the reader's thread. What is asked in one tick goes over in one message, and comes back in one. */
export class ReaderLink {
  readonly #worker: Worker;
  readonly #notice: (message: string) => void;
  #asked: Asked[] = [];
  readonly #sent: (readonly Asked[])[] = [];
  #settleState: { readonly resolve: () => void; readonly reject: (cause: Error) => void } | undefined;
  #ended: Error | undefined;
  #closed: Promise<void> | undefined;

  constructor(notice: (message: string) => void, onCrash: (cause: Error) => void) {
    this.#notice = notice;
    this.#worker = startThread("reader-worker");
    this.#worker.onmessage = (event: MessageEvent<ReaderReply>) => this.#onReply(event.data);
    this.#worker.onerror = (event) => {
      const cause = new Error(`the reader thread failed: ${event.message}`);
      this.#end(cause);
      onCrash(cause);
    };
  }

  open(path: string, epoch: string): Promise<void> {
    return this.#state({ kind: "open", path, epoch });
  }

  /** Rejects what was not answered yet. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  ask(question: ReaderQuestion): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) queueMicrotask(() => this.#flush());
      this.#asked.push({ question, resolve, reject });
    });
  }

  async #close(): Promise<void> {
    if (this.#ended === undefined) await this.#state({ kind: "close" });
    this.#end(new Error("the journal is closed"));
    await endThread(this.#worker);
  }

  #flush(): void {
    for (let at = 0; at < this.#asked.length; at += questionsPerMessageMax) {
      const group = this.#asked.slice(at, at + questionsPerMessageMax);
      this.#sent.push(group);
      this.#send({ kind: "ask", questions: group.map((asked) => asked.question) });
    }
    this.#asked = [];
  }

  #onReply(reply: ReaderReply): void {
    switch (reply.kind) {
      case "opened":
      case "closed":
        this.#settleState?.resolve();
        return;
      case "notice":
        this.#notice(reply.message);
        return;
      case "answers": {
        const group = this.#sent.shift()!;
        const tape = new TapeReader(reply.tape);
        reply.answers.forEach((answer, index) => {
          group[index]!.resolve(answer.kind === "rows" ? { ...answer, rows: takeRows(tape, answer.count) } : answer);
        });
        return;
      }
    }
  }

  #state(request: ReaderRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settleState = { resolve, reject };
      this.#send(request);
    });
  }

  #send(request: ReaderRequest): void {
    this.#worker.postMessage(request);
  }

  #end(cause: Error): void {
    this.#ended ??= cause;
    for (const asked of [...this.#sent.flat(), ...this.#asked]) asked.reject(this.#ended);
    this.#sent.length = 0;
    this.#asked = [];
    this.#settleState?.reject(this.#ended);
  }
}

function takeRows(tape: TapeReader, count: number): readonly JournalRow[] {
  const rows: JournalRow[] = [];
  for (let at = 0; at < count; at++) rows.push(decodeRow(tape));
  return rows;
}
