import { Database } from "bun:sqlite";
import { existsSync, renameSync } from "node:fs";
import { migrate } from "./schema.ts";

/**
 * `--recover`: the damaged file is put aside, and every row that can still be read goes into a new one. Rows on a
 * damaged page are lost; rows after it are found again from the other end of their table.
 */
export function salvage(path: string): readonly string[] {
  const aside = asideName(path);
  for (const ending of ["", "-wal", "-shm"]) {
    if (existsSync(path + ending)) renameSync(path + ending, aside + ending);
  }
  const fresh = new Database(path, { create: true, readwrite: true, strict: true });
  migrate(fresh);
  const notices = [`the damaged store was put aside as ${aside}`];
  try {
    const damaged = new Database(aside, { readwrite: true, create: false });
    try {
      for (const table of tablesOf(fresh)) notices.push(copyTable(damaged, fresh, table));
    } finally {
      damaged.close();
    }
  } catch (cause) {
    notices.push(`nothing could be read from it: ${(cause as Error).message}`);
  }
  fresh.run(mendTops);
  fresh.close();
  return notices;
}

/** Channels go on above every offset that is left; where the newest row is gone, nothing below is readable. */
const mendTops = `
  CREATE TEMP TABLE newest AS SELECT channel_id, max(offset) AS offset, max(id) AS row FROM publication GROUP BY channel_id;
  UPDATE channel SET
    top_row = ifnull((SELECT row FROM newest WHERE channel_id = channel.id AND offset >= top), 0),
    removed_through = iif(EXISTS (SELECT 1 FROM newest WHERE channel_id = channel.id AND offset >= top), removed_through, top),
    top = max(top, ifnull((SELECT offset FROM newest WHERE channel_id = channel.id), 0));
  DROP TABLE newest;`;

function asideName(path: string): string {
  for (let number = 1; ; number++) {
    const name = `${path}.damaged-${number}`;
    if (!existsSync(name)) return name;
  }
}

interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** What its rows are ordered by: the two ends that a copy can start from. */
  readonly key: readonly string[];
}

function tablesOf(db: Database): readonly Table[] {
  const names = db.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all() as { name: string }[];
  return names.map(({ name }) => {
    const columns = db.query(`SELECT name, pk FROM pragma_table_info('${name}')`).all() as { name: string; pk: number }[];
    const key = columns.filter((column) => column.pk > 0).sort((one, other) => one.pk - other.pk);
    return { name, columns: columns.map((column) => column.name), key: key.map((column) => column.name) };
  });
}

function copyTable(from: Database, to: Database, table: Table): string {
  const columns = table.columns.join(", ");
  const insert = to.prepare(`INSERT OR IGNORE INTO ${table.name} (${columns}) VALUES (${table.columns.map(() => "?").join(", ")})`);
  let trouble = "";
  for (const direction of ["ASC", "DESC"]) {
    to.run("BEGIN");
    try {
      const order = table.key.map((column) => `${column} ${direction}`).join(", ");
      for (const row of rowsOf(from, `SELECT ${columns} FROM ${table.name} ORDER BY ${order}`)) insert.run(...row);
      trouble = "";
    } catch (cause) {
      trouble = (cause as Error).message;
    }
    to.run("COMMIT");
    if (trouble === "") break;
  }
  const count = (to.query(`SELECT count(*) AS count FROM ${table.name}`).get() as { count: number }).count;
  return `${table.name}: ${count} rows saved${trouble === "" ? "" : `, not all (${trouble})`}`;
}

type Value = string | number | Uint8Array | null;

/** Row by row, so that what came before a damaged page is kept. */
function* rowsOf(db: Database, query: string): Generator<Value[]> {
  for (const row of db.prepare(query).iterate()) yield Object.values(row as Record<string, Value>);
}
