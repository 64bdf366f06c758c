export { JournalBench, type JournalPlace, journalContract } from "./journal-contract.ts";
export { withTemporaryFolder } from "./temporary-folder.ts";
