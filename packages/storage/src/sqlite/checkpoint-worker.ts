import { Database } from "bun:sqlite";
import type { CheckpointAnswer, CheckpointRequest } from "./checkpoint-protocol.ts";
import { failureKind } from "./sqlite-failure.ts";

/**
 * Moves what the write-ahead log holds into the database file, on a thread of its own: syncing that file takes as long as
 * the disk needs for many megabytes, and a commit, which only syncs the log, need not wait for it.
 */
declare const self: Worker;

let db: Database | undefined;

self.onmessage = (event: MessageEvent<CheckpointRequest>) => {
  const request = event.data;
  if (request.kind === "open") {
    db = new Database(request.path, { readwrite: true, create: false });
    db.run("PRAGMA synchronous = FULL");
    return;
  }
  self.postMessage(checkpoint(db!));
};

function checkpoint(database: Database): CheckpointAnswer {
  try {
    database.query("PRAGMA wal_checkpoint(PASSIVE)").get();
    return { kind: "done" };
  } catch (cause) {
    const why = (cause as Error).message;
    // No space, or locked: the log keeps everything, and the next one tries again.
    return failureKind(cause) === "transient" ? { kind: "done" } : { kind: "fatal", why };
  }
}
