import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, outputOf, type Part } from "./find.ts";

export const CENTRIFUGO_VERSION = "6.9.6";

function hasVersion(path: string): boolean {
  return outputOf(path, ["version"]).includes(`v${CENTRIFUGO_VERSION}`);
}

function cachePath(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(cache, "fleetcast", `centrifugo-${CENTRIFUGO_VERSION}`);
}

/**
 * The real Centrifugo, in this order: `CENTRIFUGO_BIN`, one of this version on the PATH, the cache folder, and last one
 * built from its Go module (about three minutes, once) where Go 1.26 is there.
 */
export function findCentrifugo(options: { readonly build: boolean }): Part {
  const named = process.env["CENTRIFUGO_BIN"];
  if (named !== undefined && named !== "") {
    return hasVersion(named)
      ? { found: true, path: named }
      : { found: false, why: `CENTRIFUGO_BIN is not Centrifugo ${CENTRIFUGO_VERSION}: ${named}` };
  }
  const onPath = findProgram("centrifugo");
  if (onPath !== undefined && hasVersion(onPath)) return { found: true, path: onPath };
  const cached = cachePath();
  if (existsSync(cached) && hasVersion(cached)) return { found: true, path: cached };
  return options.build
    ? build(cached)
    : { found: false, why: `Centrifugo ${CENTRIFUGO_VERSION} is not there (run: npm test with CI=true, or set CENTRIFUGO_BIN)` };
}

function build(target: string): Part {
  const go = findProgram("go");
  if (go === undefined) return { found: false, why: `Centrifugo ${CENTRIFUGO_VERSION} is not there and Go is not installed to build it` };
  process.stderr.write(`building Centrifugo ${CENTRIFUGO_VERSION} from its Go module, about three minutes, once ...\n`);
  mkdirSync(dirname(target), { recursive: true });
  const flags = `-s -w -X github.com/centrifugal/centrifugo/v6/internal/build.Version=${CENTRIFUGO_VERSION}`;
  const result = spawnSync(go, ["build", "-o", target, "-ldflags", flags, "github.com/centrifugal/centrifugo/v6"], {
    cwd: join(dirname(fileURLToPath(import.meta.url)), "..", "centrifugo"),
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (result.status === 0 && hasVersion(target)) return { found: true, path: target };
  return { found: false, why: `Centrifugo ${CENTRIFUGO_VERSION} could not be built (go build exited with ${result.status})` };
}
