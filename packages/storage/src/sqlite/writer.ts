import { type Batch, BatchWriter } from "./batch-writer.ts";
import { Housekeeping } from "./housekeeping.ts";
import { failureKind, TransientFailure } from "./sqlite-failure.ts";
import { type OpenStore, openStore } from "./store-file.ts";
import { StoreRefused } from "./store-refused.ts";
import type { SpentBuffers, WriterAnswer, WriterRequest } from "./writer-protocol.ts";

interface Opened {
  readonly store: OpenStore;
  readonly batches: BatchWriter;
  readonly housekeeping: Housekeeping;
}

/** The one writer (L1), as the thread around it drives it: a request in, an answer out, nothing of its own accord. */
export class Writer {
  readonly #notice: (message: string) => void;
  #opened: Opened | undefined;
  #pending: { readonly batch: Batch; readonly recycled: SpentBuffers | undefined } | undefined;
  #stampedId = 0;
  /** Said once, not every second. */
  #putOff = false;

  constructor(notice: (message: string) => void) {
    this.#notice = notice;
  }

  handle(request: WriterRequest): WriterAnswer {
    switch (request.kind) {
      case "open":
        return this.#open(request);
      case "batch":
        this.#pending = { batch: { units: request.units, tape: request.tape }, recycled: request.recycled };
        return this.#commit();
      case "retry":
        return this.#commit();
      case "tidy":
        return this.#tidy(request.nowMs);
      case "close":
        return this.#close();
    }
  }

  #open(request: WriterRequest & { readonly kind: "open" }): WriterAnswer {
    try {
      const store = openStore(request);
      const housekeeping = new Housekeeping(store.db, request.keep, this.#notice);
      this.#opened = { store, batches: new BatchWriter(store.db, store.epoch), housekeeping };
      return { kind: "opened", epoch: store.epoch, notices: store.notices };
    } catch (cause) {
      if (cause instanceof StoreRefused) return { kind: "refused", path: cause.path, why: cause.why };
      throw cause;
    }
  }

  #commit(): WriterAnswer {
    const { batches, housekeeping } = this.#state();
    const { batch, recycled } = this.#pending!;
    try {
      const outcomes = batches.commit(batch, recycled).seal();
      this.#pending = undefined;
      const spent = { numbers: batch.tape.numbers, bytes: batch.tape.bytes };
      return { kind: "committed", outcomes, spent, waitingPages: housekeeping.tendLog() };
    } catch (cause) {
      const why = (cause as Error).message;
      return cause instanceof TransientFailure ? { kind: "transient", why } : { kind: "fatal", why };
    }
  }

  #tidy(nowMs: number): WriterAnswer {
    const { store, batches, housekeeping } = this.#state();
    try {
      const more = housekeeping.tidy(nowMs);
      this.#putOff = false;
      if (batches.lastId !== this.#stampedId) {
        this.#stampedId = batches.lastId;
        store.stamp.write({ starts: store.starts, lastId: this.#stampedId }, false);
      }
      return { kind: "tidied", more };
    } catch (cause) {
      const why = (cause as Error).message;
      if (failureKind(cause) === "lasting") return { kind: "fatal", why };
      // A locked file or a full disk: a batch would meet the same and says so; housekeeping simply comes again.
      if (!this.#putOff) this.#notice(`housekeeping is put off: ${why}`);
      this.#putOff = true;
      return { kind: "tidied", more: false };
    }
  }

  #close(): WriterAnswer {
    if (this.#opened === undefined) return { kind: "closed" };
    const { store, batches, housekeeping } = this.#opened;
    try {
      housekeeping.checkpoint();
      store.stamp.write({ starts: store.starts, lastId: batches.lastId }, true);
    } catch (cause) {
      // Everything acknowledged is in the write-ahead log already; the next start takes it from there.
      this.#notice(`the last checkpoint was not done: ${(cause as Error).message}`);
    }
    store.stamp.close();
    store.db.close();
    store.lock.release();
    this.#opened = undefined;
    return { kind: "closed" };
  }

  #state(): Opened {
    if (this.#opened === undefined) throw new Error("the writer was used before it was opened");
    return this.#opened;
  }
}
