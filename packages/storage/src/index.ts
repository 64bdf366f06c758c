export * from "./journal.ts";
export { JournalLog, type JournalLogPorts, PublicationRefused } from "./journal-log.ts";
export { openSqliteJournal, type SqliteJournalOptions, type StoreLog } from "./sqlite/sqlite-journal.ts";
export { StoreRefused } from "./sqlite/store-refused.ts";
