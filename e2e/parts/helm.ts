import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram, inCi, type Part } from "./find.ts";

const helmVersion = "v3.21.4";
const kubernetesValidateVersion = "1.37.0";

function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "fleetcast");
}

/** Helm: on the PATH, or in the cache folder, or, in CI, built from its Go module there (about two minutes, once). */
export function findHelm(): Part {
  const found = findProgram("helm");
  if (found !== undefined) return { found: true, path: found };
  const folder = join(cacheFolder(), `helm-${helmVersion}`);
  const path = join(folder, "helm");
  if (existsSync(path)) return { found: true, path };
  const go = findProgram("go");
  if (!inCi || go === undefined) return { found: false, why: "helm is not installed (nor Go, to build it in CI)" };
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GOBIN: folder, GOFLAGS: "-mod=mod" };
  const built = spawnSync(go, ["install", `helm.sh/helm/v3/cmd/helm@${helmVersion}`], { env, encoding: "utf8" });
  return built.status === 0 ? { found: true, path } : { found: false, why: `helm could not be built: ${built.stderr}` };
}

/** `kubernetes-validate`, which carries Kubernetes' own schemas: in an environment of its own in the cache folder, made in CI. */
export function findKubernetesValidate(): Part {
  const folder = join(cacheFolder(), `kubernetes-validate-${kubernetesValidateVersion}`);
  const path = join(folder, "bin", "kubernetes-validate");
  if (existsSync(path)) return { found: true, path };
  const python = findProgram("python3");
  if (!inCi || python === undefined) return { found: false, why: "kubernetes-validate is not installed (a package of PyPI; made in CI)" };
  const steps = [
    [python, "-m", "venv", folder],
    [join(folder, "bin", "pip"), "-q", "install", `kubernetes-validate==${kubernetesValidateVersion}`],
  ];
  for (const [command = "", ...args] of steps) {
    const made = spawnSync(command, args, { encoding: "utf8" });
    if (made.status !== 0) return { found: false, why: `kubernetes-validate could not be installed: ${made.stderr}` };
  }
  return { found: true, path };
}
