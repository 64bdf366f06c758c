import { Database } from "bun:sqlite";
import { accessSync, closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { FolderLock } from "./folder-lock.ts";
import { salvage } from "./salvage.ts";
import { migrate, schemaVersion, schemaVersionOf } from "./schema.ts";
import { StoreRefused } from "./store-refused.ts";
import { StampFile } from "./store-stamp.ts";

export const databaseName = "journal.db";
const stampName = "journal.stamp";
/** How long a statement waits for a lock before the batch is put back (F09). */
const busyTimeoutMs = 250;
export const pageBytes = 2_048;
const pageCacheKiB = 65_536;
/** The WAL file is cut back to this after a checkpoint that emptied it. */
const walKeptBytes = 67_108_864;

export interface StoreOptions {
  readonly dir: string;
  /** Saves what is readable of a damaged file into a new one, instead of refusing. */
  readonly recover: boolean;
  /** Epoch for channels that are born now, should the store be new or not the one we left. */
  readonly freshEpoch: string;
}

export interface OpenStore {
  readonly db: Database;
  readonly lock: FolderLock;
  readonly stamp: StampFile;
  readonly starts: number;
  /** Epoch of channels without a publication yet. */
  readonly epoch: string;
  /** What an operator should know about this start. */
  readonly notices: readonly string[];
}

/** Opens the writer's side of the store. @throws StoreRefused: nothing was changed. */
export function openStore(options: StoreOptions): OpenStore {
  const { dir } = options;
  claimFolder(dir);
  const lock = new FolderLock(dir);
  try {
    const notices: string[] = [];
    const path = join(dir, databaseName);
    const existed = existsSync(path) && statSync(path).size > 0;
    const recovered = existed && !checkFile(path, options.recover);
    if (recovered) notices.push(...salvage(path));
    const db = openDatabase(path);
    migrate(db);
    syncFolder(dir);
    const stamp = new StampFile(join(dir, stampName));
    return { db, lock, stamp, ...begin(db, stamp, options.freshEpoch, recovered, notices) };
  } catch (cause) {
    lock.release();
    if (cause instanceof StoreRefused) throw cause;
    throw new StoreRefused(dir, (cause as Error).message, { cause });
  }
}

function claimFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new StoreRefused(dir, `it cannot be written (${(cause as Error).message})`, { cause });
  }
}

function openDatabase(path: string): Database {
  const db = new Database(path, { create: true, readwrite: true, strict: true });
  db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  // A message at rest touches a row each on half a dozen pages, and each page goes to the WAL whole: with 2 KiB pages a
  // third less is written than with 4 KiB, at the same speed.
  db.run(`PRAGMA page_size = ${pageBytes}`);
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  // Checkpoints are our own: SQLite's automatic one swallows a failed fsync (R5).
  db.run("PRAGMA wal_autocheckpoint = 0");
  db.run(`PRAGMA journal_size_limit = ${walKeptBytes}`);
  db.run(`PRAGMA cache_size = -${pageCacheKiB}`);
  return db;
}

/** L14. Answers whether the file is sound. @throws StoreRefused when it is not and `recover` was not asked for. */
function checkFile(path: string, recover: boolean): boolean {
  let trouble: string | undefined;
  let db: Database | undefined;
  try {
    db = new Database(path, { readwrite: true, create: false });
    db.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    const version = schemaVersionOf(db);
    if (version > schemaVersion) {
      throw new StoreRefused(path, `its schema ${version} was made by a newer version (this one knows ${schemaVersion})`);
    }
    const found = (db.query("PRAGMA quick_check(1)").get() as { quick_check: string }).quick_check;
    trouble = found === "ok" ? misplacedTop(db, version) : found.replaceAll(/\s+/g, " ");
  } catch (cause) {
    if (cause instanceof StoreRefused) throw cause;
    trouble = (cause as Error).message;
  } finally {
    db?.close();
  }
  if (trouble === undefined) return true;
  if (recover) return false;
  throw new StoreRefused(path, `it is damaged (${trouble}); start with --recover to save what is readable`);
}

/** A top that is not its newest row's offset would give an offset twice. */
function misplacedTop(db: Database, version: number): string | undefined {
  if (version === 0) return undefined;
  const found = db
    .query(
      `SELECT channel.id AS id FROM channel LEFT JOIN publication ON publication.id = channel.top_row
       WHERE channel.top_row > 0 AND (channel.top IS NOT publication.offset OR channel.id IS NOT publication.channel_id) LIMIT 1`,
    )
    .get() as { id: number } | null;
  return found === null ? undefined : `the top of channel ${found.id} is not at its newest row`;
}

/** Counts the start, and gives new epochs to a store that is not the one we left (L6). */
function begin(
  db: Database,
  stamp: StampFile,
  freshEpoch: string,
  recovered: boolean,
  notices: string[],
): { readonly starts: number; readonly epoch: string; readonly notices: readonly string[] } {
  const remembered = stamp.read();
  const meta = new Map(
    (db.query("SELECT key, value FROM meta").all() as { key: string; value: string | number }[]).map((row) => [row.key, row.value]),
  );
  const formerStarts = Number(meta.get("starts") ?? 0);
  const lastId = (db.query("SELECT max(id) AS id FROM publication").get() as { id: number | null }).id ?? 0;
  const starts = Math.max(formerStarts, remembered?.starts ?? 0) + 1;
  const stranger = formerStarts > 0 && whyStranger(remembered, formerStarts, lastId, recovered);
  if (stranger) notices.push(`${stranger}: every channel gets a new epoch`);
  const epoch = stranger || !meta.has("epoch") ? freshEpoch : String(meta.get("epoch"));
  db.transaction(() => {
    const put = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    put.run("starts", starts);
    put.run("epoch", epoch);
    if (stranger) db.run("UPDATE channel SET epoch = ?", [epoch]);
  }).immediate();
  stamp.write({ starts, lastId }, true);
  stamp.write({ starts, lastId }, true);
  return { starts, epoch, notices };
}

function whyStranger(
  remembered: { readonly starts: number; readonly lastId: number } | undefined,
  starts: number,
  lastId: number,
  recovered: boolean,
): string | undefined {
  if (recovered) return "the store was saved from a damaged file";
  if (remembered === undefined) return "the store has no readable stamp beside it";
  if (remembered.starts > starts) return `the store is from start ${starts}, the last one was ${remembered.starts}`;
  if (remembered.lastId > lastId) return `the store ends at publication ${lastId}, ${remembered.lastId} was seen`;
  return undefined;
}

/** A new file is safe only once its folder is. */
function syncFolder(dir: string): void {
  const folder = openSync(dir, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
