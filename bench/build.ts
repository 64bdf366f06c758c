import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));

/** Compiles one of `native/*.c`; the drivers are in C so that their own cost is not what is measured. */
export function native(name: string): string {
  const source = join(folder, "native", `${name}.c`);
  const target = join(folder, "out", name);
  mkdirSync(join(folder, "out"), { recursive: true });
  const headers = readdirSync(join(folder, "native")).filter((file) => file.endsWith(".h"));
  const newest = Math.max(...[source, ...headers.map((file) => join(folder, "native", file))].map((file) => statSync(file).mtimeMs));
  if (existsSync(target) && statSync(target).mtimeMs > newest) return target;
  const result = spawnSync("cc", ["-O2", "-o", target, source, "-lpthread"], { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`cc is needed for the benchmarks (Debian package gcc): ${result.stderr ?? result.error}`);
  return target;
}
