import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { configurationPage } from "../packages/server/src/config/print/key-table.ts";

/** Writes the pages that are made from tables in the code. Tests compare them, so run this after changing a table. */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
writeFileSync(join(root, "docs", "configuration.md"), configurationPage());
