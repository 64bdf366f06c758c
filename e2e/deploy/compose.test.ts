import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { executable } from "../harness/executable.ts";
import { bunPath, root } from "../harness/fleetcast.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { asRoot, curl, go, ip, mosquitto, mosquittoPub, nginx, redisServer, requirePath, skipReason } from "../parts/find.ts";

const skip = skipReason(mosquitto, mosquittoPub, redisServer, nginx, curl, go, ip, asRoot, findCentrifugo({ build: false }));

test("[PK3] the compose stack runs as it is written: real parts, its users, mounts, names and ports", { skip, timeout: 240_000 }, () => {
  const check = [bunPath, join(import.meta.dirname, "compose-check.ts"), executable()];
  const run = spawnSync("unshare", ["--net", "--mount", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", ...check], {
    encoding: "utf8",
    timeout: 220_000,
  });
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
  assert.equal(run.stdout.match(/^ok /gm)?.length, 6, run.stdout);
});

test("[PK5] Docker Compose's own parser takes compose.yaml", { skip: skipReason(go), timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-compose-load-"));
  try {
    cpSync(join(root, "deploy"), join(folder, "deploy"), { recursive: true });
    const program = join(folder, "load");
    const build = spawnSync(requirePath(go), ["build", "-o", program, "."], {
      cwd: join(import.meta.dirname, "compose-load"),
      encoding: "utf8",
    });
    assert.equal(build.status, 0, build.stderr);
    const cwd = join(folder, "deploy", "compose");
    const without = spawnSync(program, ["compose.yaml"], { cwd, encoding: "utf8" });
    assert.deepEqual([without.status, /run prepare\.sh/.test(without.stderr)], [1, true], "keys are asked for");
    spawnSync("sh", ["prepare.sh"], { cwd });
    const loaded = spawnSync(program, ["compose.yaml"], { cwd, encoding: "utf8" });
    assert.equal(loaded.status, 0, loaded.stderr);
    const services = loaded.stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0]);
    assert.deepEqual(services.sort(), ["centrifugo", "centrifugo-2", "centrifugo-config", "fleetcast", "mosquitto", "nginx", "redis"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
