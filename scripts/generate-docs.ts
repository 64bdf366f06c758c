import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { jsonSchema } from "../packages/server/src/config/print/json-schema.ts";
import { centrifugoOptionsPage, configurationPage } from "../packages/server/src/config/print/key-table.ts";
import { referencePage } from "../packages/server/src/http/openapi/reference-page.ts";
import { metricsPage } from "../packages/server/src/metrics/page.ts";
import { limitsPage } from "./limits-page.ts";

/** Writes the pages that are made from tables in the code. Tests compare them, so run this after changing a table. */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
writeFileSync(join(root, "docs", "configuration.md"), configurationPage());
writeFileSync(join(root, "docs", "configuration.zh-CN.md"), configurationPage("zh-CN"));
writeFileSync(join(root, "docs", "centrifugo-options.md"), centrifugoOptionsPage());
mkdirSync(join(root, "docs", "reference"), { recursive: true });
writeFileSync(join(root, "docs", "reference", "metrics.md"), metricsPage());
writeFileSync(join(root, "docs", "reference", "metrics.zh-CN.md"), metricsPage("zh-CN"));
writeFileSync(join(root, "docs", "limits.md"), limitsPage("en"));
writeFileSync(join(root, "docs", "limits.zh-CN.md"), limitsPage("zh-CN"));
writeFileSync(join(root, "docs", "reference", "api.md"), referencePage("en"));
writeFileSync(join(root, "docs", "reference", "api.zh-CN.md"), referencePage("zh"));
const schema = join(root, "packages", "server", "schema", "fleetcast.schema.json");
mkdirSync(dirname(schema), { recursive: true });
writeFileSync(schema, `${JSON.stringify(jsonSchema(), undefined, 1)}\n`);
