import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { root } from "../harness/fleetcast.ts";
import { eventually, freePorts, OwnProcess } from "../harness/process.ts";
import { asRoot, buildah, findProgram, mmdebstrap, requirePath, skipReason } from "../parts/find.ts";

/**
 * The Dockerfile built without a container engine or a registry: its two base images are made from Debian's packages and this
 * machine's Node, its steps run in a chroot.
 */
const skip = skipReason(buildah, mmdebstrap, asRoot);
const folder = mkdtempSync(join(tmpdir(), "fleetcast-image-"));
const store = ["--root", join(folder, "store"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
after(() => {
  for (const container of skip === false ? built("containers", "-q").split("\n") : []) if (container !== "") built("rm", container);
  rmSync(folder, { recursive: true, force: true });
});

function built(command: string, ...args: readonly string[]): string {
  const result = spawnSync(requirePath(buildah), [...store, command, ...args], { encoding: "utf8", maxBuffer: 67_108_864, cwd: root });
  assert.equal(result.status, 0, `buildah ${command} ${args.join(" ")}: ${result.stdout}${result.stderr}`);
  return result.stdout.trim();
}

function baseImages(): void {
  const archive = join(folder, "debian.tar");
  const packages = "--include=ca-certificates,libstdc++6,libatomic1";
  const made = spawnSync(requirePath(mmdebstrap), ["--quiet", "--variant=essential", packages, "bookworm", archive], { encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  const base = built("from", "scratch");
  built("add", "-q", base, archive, "/");
  built("commit", "-q", base, "docker.io/library/debian:bookworm-slim");
  built("copy", "-q", base, findProgram("node")!, "/usr/local/bin/node");
  const npm = ["/usr/lib/node_modules/npm", "/usr/local/lib/node_modules/npm", "/usr/share/nodejs/npm"].find((path) => existsSync(path));
  assert.ok(npm !== undefined, "npm is not where Node puts it");
  built("copy", "-q", base, npm, "/usr/local/lib/node_modules/npm");
  built("run", "--isolation", "chroot", base, "--", "ln", "-s", "../lib/node_modules/npm/bin/npm-cli.js", "/usr/local/bin/npm");
  // Whom this machine trusts, the build trusts.
  const trusted = "/etc/ssl/certs/ca-certificates.crt";
  if (existsSync(trusted)) built("copy", "-q", base, trusted, trusted);
  built("config", "--env", `npm_config_cafile=${trusted}`, "--env", `NODE_EXTRA_CA_CERTS=${trusted}`, base);
  built("commit", "-q", base, "docker.io/library/node:22-bookworm-slim");
}

test("[PK4] the image is built from its Dockerfile, runs as its user, is ready, and drains", { skip, timeout: 400_000 }, async () => {
  baseImages();
  const dockerfile = join("deploy", "docker", "Dockerfile");
  built("bud", "--isolation", "chroot", "--pull-never", "--format", "docker", "-q", "-t", "fleetcast:test", "-f", dockerfile, ".");
  const inspected = JSON.parse(built("inspect", "--type", "image", "fleetcast:test")) as {
    readonly Docker: { readonly config: Readonly<Record<string, unknown>> };
  };
  const { config } = inspected.Docker;
  assert.deepEqual([config["User"], config["Entrypoint"], config["Cmd"]], ["65532:65532", ["fleetcast"], ["serve"]]);
  assert.deepEqual((config["Healthcheck"] as { Test: string[] }).Test, ["CMD", "fleetcast", "ready"]);

  const container = built("from", "--pull-never", "fleetcast:test");
  const inside = (...command: readonly string[]): string => built("run", "--isolation", "chroot", container, "--", ...command);
  assert.equal(inside("id", "-u"), "65532");
  const files = inside("sh", "-c", "ls /src /usr/local/bin 2> /dev/null; command -v node bun || true");
  assert.equal(files, "/usr/local/bin:\nfleetcast", "nothing of the build is left in it");

  const [http, mqtt] = (await freePorts(2)) as [number, number];
  const ports = ["env", `FLEETCAST_HTTP_SERVER_PORT=${http}`, `FLEETCAST_MQTT_PORT=${mqtt}`, "FLEETCAST_HTTP_SERVER_ADDRESS=127.0.0.1"];
  const server = new OwnProcess("container", requirePath(buildah), [
    ...store,
    ...["run", "--isolation", "chroot", container, "--"],
    ...ports,
    ...["fleetcast", "serve"],
  ]);
  await server.waitForHttp(`http://127.0.0.1:${http}/readyz`, 30_000);
  assert.match(inside("fleetcast", "ready"), /"status":"ready"/);
  assert.match(await (await fetch(`http://127.0.0.1:${http}/`)).text(), /<html/i);
  const pid = spawnSync("pgrep", ["-f", "-n", "^fleetcast serve$"], { encoding: "utf8" }).stdout.trim();
  assert.match(pid, /^\d+$/);
  process.kill(Number(pid), "SIGTERM");
  assert.equal(
    await eventually("the container ends", 20_000, async () => (server.running ? undefined : [await server.exited])).then(([code]) => code),
    0,
    server.output,
  );
});
