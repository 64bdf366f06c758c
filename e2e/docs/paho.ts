import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram, type Part } from "../parts/find.ts";

const version = "2.1.0";
const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "fleetcast", `paho-mqtt-${version}`);

/** Where Python finds paho-mqtt, the library that most machines' software in Python uses; fetched once, with Python's own pip. */
export const pahoFolder = folder;

export const pahoMqtt: Part = find();

function find(): Part {
  const python = findProgram("python3");
  if (python === undefined) return { found: false, why: "python3 is not installed (Debian package python3)" };
  if (canImport(python)) return { found: true, path: folder };
  const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", folder, `paho-mqtt==${version}`];
  const result = spawnSync(python, args, { encoding: "utf8", timeout: 60_000 });
  if (canImport(python)) return { found: true, path: folder };
  return { found: false, why: `paho-mqtt ${version} could not be installed with pip (${(result.stderr ?? "").trim().split("\n").pop()})` };
}

function canImport(python: string): boolean {
  return spawnSync(python, ["-c", "import paho.mqtt.client"], { env: { ...process.env, PYTHONPATH: folder } }).status === 0;
}
