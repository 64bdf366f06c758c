import { Database } from "bun:sqlite";
import type { StreamPosition } from "@fleetcast/protocol";
import { FleetReader } from "./fleet-reader.ts";
import { HistoryReader } from "./history-reader.ts";
import type { ReaderAnswer, ReaderQuestion } from "./reader-protocol.ts";
import { encodeRow, type StoredRow } from "./row-tape.ts";
import { failureKind } from "./sqlite-failure.ts";
import type { TapeWriter } from "./tape.ts";

const pageCacheKiB = 65_536;

/** Answers questions from its own connection, beside the writer; each sees everything committed before it was asked. */
export class Reader {
  readonly #db: Database;
  readonly #history: HistoryReader;
  readonly #fleet: FleetReader;

  constructor(path: string, epoch: string, notice: (message: string) => void) {
    this.#db = new Database(path, { readonly: true, strict: true });
    this.#db.run("PRAGMA busy_timeout = 5000");
    this.#db.run(`PRAGMA cache_size = -${pageCacheKiB}`);
    this.#history = new HistoryReader(this.#db, epoch, notice);
    this.#fleet = new FleetReader(this.#db);
  }

  /** Rows go onto the tape. A transaction per question: channel and rows come from one state of the store, and none is held open between. */
  answer(question: ReaderQuestion, tape: TapeWriter): ReaderAnswer {
    const mark = tape.mark();
    try {
      this.#db.run("BEGIN");
      return this.#answer(question, tape);
    } catch (cause) {
      tape.reset(mark);
      return { kind: "failed", why: (cause as Error).message, lasting: failureKind(cause) === "lasting" };
    } finally {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
    }
  }

  close(): void {
    this.#db.close();
  }

  #answer(question: ReaderQuestion, tape: TapeWriter): ReaderAnswer {
    switch (question.kind) {
      case "read": {
        const found = this.#history.read(question.request);
        return found.kind === "unrecoverable" ? found : putRows(tape, found.rows, found.top);
      }
      case "top":
        return { kind: "value", value: this.#history.top(question.channel) };
      case "readFrom":
        return putRows(tape, this.#history.readFrom(question.afterId, question.limit), undefined);
      case "cursors":
        return { kind: "value", value: this.#cursors(question.publisher) };
      case "stats":
        return { kind: "value", value: this.#fleet.stats() };
      case "fleet": {
        const query = this.#fleet[question.query] as (...values: readonly unknown[]) => unknown;
        return { kind: "value", value: query.apply(this.#fleet, [...question.values]) };
      }
    }
  }

  #cursors(publisher: string): { readonly lastId: number; readonly channels: readonly (readonly [string, number])[] } {
    const row = this.#db.query("SELECT last_id FROM publisher WHERE name = ?").get(publisher) as { last_id: number } | null;
    const channels = this.#db.query("SELECT channel, offset FROM publisher_cursor WHERE publisher = ?").all(publisher) as {
      channel: string;
      offset: number;
    }[];
    return { lastId: row?.last_id ?? 0, channels: channels.map((cursor) => [cursor.channel, cursor.offset]) };
  }
}

function putRows(tape: TapeWriter, rows: readonly StoredRow[], top: StreamPosition | undefined): ReaderAnswer {
  for (const row of rows) encodeRow(tape, row);
  return { kind: "rows", count: rows.length, top };
}
