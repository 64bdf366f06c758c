import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts, OwnProcess } from "../e2e/harness/process.ts";

/** A real PostgreSQL on a port of its own, with its default durability. It refuses to run as root: then as `postgres`. */
export async function startPostgres(): Promise<{ url: string; pid: number; stop(): Promise<void> }> {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql").sort() : [];
  const version = versions.at(-1);
  if (version === undefined) throw new Error("PostgreSQL is not installed (Debian package postgresql)");
  const bin = `/usr/lib/postgresql/${version}/bin`;
  const folder = mkdtempSync(join(tmpdir(), "postgres-bench-"));
  const asRoot = process.getuid?.() === 0;
  const prefix = asRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];
  if (asRoot) spawnSync("chown", ["postgres", folder]);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const made = spawnSync(
    [...prefix, `${bin}/initdb`][0]!,
    [...prefix.slice(1), ...(asRoot ? [`${bin}/initdb`] : []), "-D", data, "-A", "trust", "-U", "postgres"],
    { encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stdout}${made.stderr}`);
  const [port] = await freePorts(1);
  const command = [...prefix, `${bin}/postgres`, "-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder];
  const server = new OwnProcess("postgres", command[0]!, command.slice(1));
  await server.waitForOutput(/ready to accept connections/, 20_000);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    pid: server.child.pid!,
    stop: async () => {
      await server.end("SIGINT", 20_000);
    },
  };
}
