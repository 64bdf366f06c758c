import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** True where a missing real part is a failure and not a skip. */
export const inCi = process.env["CI"] === "true";

/** Looks a program up on the PATH and in the places where Debian puts daemons. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/usr/local/go/bin"];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there: the next folder.
    }
  }
  return undefined;
}

export type Part = { readonly found: true; readonly path: string } | { readonly found: false; readonly why: string };

/**
 * Says how a test treats a part: a string is the reason to skip, `false` means run. In CI a missing part runs, and the
 * test then fails where it starts the part, with this reason.
 */
export function skipReason(...parts: readonly Part[]): string | false {
  const missing = parts.filter((part) => !part.found).map((part) => (part.found ? "" : part.why));
  if (missing.length === 0) return false;
  const reason = missing.join("; ");
  if (inCi) return false;
  process.stderr.write(`SKIPPED: ${reason}\n`);
  return reason;
}

export function requirePath(part: Part): string {
  if (!part.found) throw new Error(part.why);
  return part.path;
}

export function program(name: string, hint: string): Part {
  const path = findProgram(name);
  return path === undefined ? { found: false, why: `${name} is not installed (${hint})` } : { found: true, path };
}

export const mosquitto = program("mosquitto", "Debian package mosquitto");
export const mosquittoPub = program("mosquitto_pub", "Debian package mosquitto-clients");
export const mosquittoSub = program("mosquitto_sub", "Debian package mosquitto-clients");
export const nginx = program("nginx", "Debian package nginx-light");
export const redisServer = program("redis-server", "Debian package redis-server");
export const strace = program("strace", "Debian package strace");
export const systemdAnalyze = program("systemd-analyze", "Debian package systemd");
export const buildah = program("buildah", "Debian package buildah");
export const mmdebstrap = program("mmdebstrap", "Debian package mmdebstrap");
export const go = program("go", "Go 1.24 or newer");
export const ip = program("ip", "Debian package iproute2");
/** Namespaces and mounts are root's. */
export const asRoot: Part = process.getuid?.() === 0 ? { found: true, path: "" } : { found: false, why: "this test runs as root only" };
export const chromium = program("chromium", "Debian package chromium");
export const prometheus = program("prometheus", "Debian package prometheus");
export const promtool = program("promtool", "Debian package prometheus");
export const curl = program("curl", "Debian package curl");

export function outputOf(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: "utf8" });
  return `${result.stdout ?? ""}${result.stderr ?? ""}`;
}
