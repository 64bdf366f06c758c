// Checks the built dashboard against its size budgets (gzip). Run after `vite build`; exit code 1 when one is exceeded.
// Entry: everything index.html loads before the first screen. Lazy: each chunk that a screen adds later.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const kilobyte = 1_000;
const budgets = { entryBytesMax: 200 * kilobyte, lazyChunkBytesMax: 60 * kilobyte, styleBytesMax: 20 * kilobyte };

const dist = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const size = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length;

const html = readFileSync(join(dist, "index.html"), "utf8");
const entry = new Set([...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]));
const assets = readdirSync(join(dist, "assets")).map((name) => `assets/${name}`);
const lazy = assets.filter((file) => file.endsWith(".js") && !entry.has(file));
const styles = assets.filter((file) => file.endsWith(".css"));

const sum = (files) => files.reduce((total, file) => total + size(file), 0);
const rows = [
  { what: `entry JavaScript (${entry.size} files)`, bytes: sum([...entry]), max: budgets.entryBytesMax },
  ...lazy.map((file) => ({ what: file, bytes: size(file), max: budgets.lazyChunkBytesMax })),
  { what: `styles (${styles.length} files)`, bytes: sum(styles), max: budgets.styleBytesMax },
];

let exceeded = entry.size === 0;
for (const { what, bytes, max } of rows) {
  if (bytes > max) exceeded = true;
  process.stdout.write(
    `${bytes > max ? "TOO BIG" : "ok     "} ${(bytes / kilobyte).toFixed(1).padStart(7)} of ${max / kilobyte} KB  ${what}\n`,
  );
}
process.exit(exceeded ? 1 : 0);
