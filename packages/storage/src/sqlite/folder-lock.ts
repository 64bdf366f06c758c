import { Database, SQLiteError } from "bun:sqlite";
import { join } from "node:path";
import { StoreRefused } from "./store-refused.ts";

const busy = 5;

/**
 * Keeps a second process off the folder: an empty SQLite file held under an exclusive lock. The lock belongs to the
 * process, so the kernel takes it back when the process dies, however it dies; the file left behind means nothing.
 */
export class FolderLock {
  readonly #db: Database;

  /** @throws StoreRefused when another process holds the folder, or it cannot be written. */
  constructor(dir: string) {
    const path = join(dir, "journal.lock");
    try {
      this.#db = new Database(path, { create: true, readwrite: true });
      this.#db.run("PRAGMA busy_timeout = 0");
      this.#db.run("BEGIN EXCLUSIVE");
    } catch (cause) {
      if (cause instanceof SQLiteError && (cause.errno & 0xff) === busy) {
        throw new StoreRefused(dir, "another process is using it", { cause });
      }
      throw new StoreRefused(dir, `it cannot be written (${(cause as Error).message})`, { cause });
    }
  }

  release(): void {
    this.#db.close();
  }
}
