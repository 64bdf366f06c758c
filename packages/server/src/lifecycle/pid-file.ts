import { rmSync, writeFileSync } from "node:fs";
import { StartRefused } from "./start-refused.ts";

/**
 * Writes the id of this process where others look for it, and answers what takes it away again. "" for nowhere.
 * @throws StartRefused
 */
export function writePidFile(file: string): () => void {
  if (file === "") return () => {};
  try {
    writeFileSync(file, `${process.pid}\n`);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new StartRefused(`pid_file ${file} cannot be written (${code})`, { cause });
  }
  return () => rmSync(file, { force: true });
}
