import type { Database } from "bun:sqlite";

/**
 * The tables, as numbered migrations: number n is `migrations[n - 1]`, and `PRAGMA user_version` says how many ran.
 * A migration that was released is never edited.
 *
 * Rows that every message touches live in narrow tables (`channel`, `vm`, `seen`), and nothing that every message inserts
 * has a secondary index: with a thousand machines each index entry would cost a page of its own per message (L2).
 */
const first = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE channel (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  epoch TEXT NOT NULL,
  top INTEGER NOT NULL,              -- highest offset given
  top_row INTEGER NOT NULL,          -- publication.id of it
  last_at INTEGER NOT NULL,          -- receive time of it, Unix ms
  removed_through INTEGER NOT NULL,  -- offsets up to here are unreadable (L5)
  version INTEGER NOT NULL,
  version_epoch TEXT NOT NULL
) STRICT;

CREATE TABLE publication (
  id INTEGER PRIMARY KEY,            -- commit order over all channels
  channel_id INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  prev INTEGER NOT NULL,             -- the channel's former row, 0 for none
  at INTEGER NOT NULL,
  version INTEGER,                   -- as its publisher gave it
  tags TEXT,                         -- JSON object of strings
  info BLOB,                         -- client-info.ts
  data BLOB NOT NULL,
  origin INTEGER,                    -- seen.id: with seq, the identity that caused it
  seq INTEGER,
  body INTEGER,                      -- CRC32 of the message as the device sent it
  crc INTEGER NOT NULL               -- row-crc.ts
) STRICT;

CREATE TABLE vm (
  id INTEGER PRIMARY KEY,
  vm_id TEXT NOT NULL UNIQUE,
  reading_top INTEGER NOT NULL       -- its newest reading, 0 for none
) STRICT;

CREATE TABLE seen (
  id INTEGER PRIMARY KEY,
  vm INTEGER NOT NULL,
  boot TEXT NOT NULL,
  intervals TEXT NOT NULL,           -- received-intervals.ts
  UNIQUE (vm, boot)
) STRICT;

CREATE TABLE reading (
  id INTEGER PRIMARY KEY,
  vm INTEGER NOT NULL,
  prev INTEGER NOT NULL,             -- the machine's former reading, 0 for none
  at INTEGER NOT NULL,
  device_ts INTEGER,
  late INTEGER NOT NULL,
  temp_c REAL,
  voltage_v REAL,
  door_closed INTEGER
) STRICT;

CREATE TABLE minute (                -- one-minute roll-up of readings (L12)
  vm INTEGER NOT NULL,
  minute INTEGER NOT NULL,           -- Unix minutes
  readings INTEGER NOT NULL,
  first_reading INTEGER NOT NULL,    -- lowest and highest reading.id inside
  last_reading INTEGER NOT NULL,
  temp_n INTEGER NOT NULL, temp_min REAL, temp_sum REAL NOT NULL, temp_max REAL,
  voltage_n INTEGER NOT NULL, voltage_min REAL, voltage_sum REAL NOT NULL, voltage_max REAL,
  door_n INTEGER NOT NULL, door_min INTEGER, door_sum INTEGER NOT NULL, door_max INTEGER,
  PRIMARY KEY (vm, minute)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  event_id TEXT NOT NULL,
  vm INTEGER NOT NULL,
  type TEXT NOT NULL,
  severity TEXT NOT NULL,
  device_ts TEXT,
  at INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE INDEX event_at ON event (at);
CREATE INDEX event_vm_at ON event (vm, at);
CREATE INDEX event_type_at ON event (type, at);

CREATE TABLE machine (
  vm INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  site TEXT,
  state TEXT NOT NULL,
  state_reason TEXT NOT NULL,
  boot TEXT,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER,
  temp_c REAL,
  voltage_v REAL,
  door_closed INTEGER,
  worst_alarm TEXT,
  secret_sha256 BLOB,
  demo INTEGER NOT NULL
) STRICT;

CREATE TABLE command (
  id INTEGER PRIMARY KEY,
  cmd_id TEXT NOT NULL UNIQUE,
  vm INTEGER NOT NULL,
  name TEXT NOT NULL,
  params BLOB NOT NULL,
  user_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  state TEXT NOT NULL,
  detail TEXT,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX command_user_key ON command (user_id, idempotency_key);
CREATE INDEX command_vm ON command (vm);
CREATE INDEX command_open ON command (id) WHERE state IN ('queued', 'sent', 'received', 'running');

CREATE TABLE user (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  topic TEXT NOT NULL,
  vm_id TEXT,
  reason TEXT NOT NULL,
  payload BLOB NOT NULL
) STRICT;

CREATE TABLE idempotency (
  id INTEGER PRIMARY KEY,
  channel_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  publication INTEGER NOT NULL,
  UNIQUE (channel_id, key)
) STRICT;

CREATE TABLE publisher (name TEXT PRIMARY KEY, last_id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE publisher_cursor (
  publisher TEXT NOT NULL,
  channel TEXT NOT NULL,
  offset INTEGER NOT NULL,
  PRIMARY KEY (publisher, channel)
) STRICT, WITHOUT ROWID;
`;

/** Who is shut out, and who did what. */
const administration = `
CREATE TABLE revocation (
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  before_s INTEGER,                  -- of 'tokens': Unix seconds
  until INTEGER,                     -- Unix ms, NULL until it is ended
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (what, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT,
  address TEXT
) STRICT;
`;

const migrations: readonly string[] = [first, administration];

/** The schema this program writes. */
export const schemaVersion = migrations.length;

/** The schema a file has; 0 for a new one. */
export function schemaVersionOf(db: Database): number {
  return (db.query("PRAGMA user_version").get() as { user_version: number }).user_version;
}

/** Brings an older or new file to `schemaVersion`, each step in a transaction of its own. */
export function migrate(db: Database): void {
  for (let version = schemaVersionOf(db); version < schemaVersion; version++) {
    const step = migrations[version]!;
    db.transaction(() => {
      db.run(step);
      db.run(`PRAGMA user_version = ${version + 1}`);
    }).immediate();
  }
}
