import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bunPath, root } from "../harness/fleetcast.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { pahoFolder } from "./paho.ts";

/** A reader's copy of the repository: everything is there, and what a page writes does not touch the real one. */
export function checkout(folder: string): void {
  mkdirSync(folder);
  for (const entry of readdirSync(root)) {
    if (!/^(fleetcast-data|fleetcast\.(yaml|json)|\.git)$/.test(entry)) symlinkSync(join(root, entry), join(folder, entry));
  }
}

/** What a reader has on the PATH who took the single executable, and Centrifugo's. */
export function installPrograms(folder: string): void {
  mkdirSync(folder);
  const program = (name: string, command: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${command} "$@"\n`);
    chmodSync(join(folder, name), 0o755);
  };
  program("fleetcast", `'${bunPath}' '${join(root, "packages/server/src/cli/main.ts")}'`);
  const centrifugo = findCentrifugo({ build: false });
  if (centrifugo.found) program("centrifugo", `'${centrifugo.path}'`);
}

/** Nothing of this run's own settings reaches a page. */
export function environment(programs: string): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(FLEETCAST|CENTRIFUGO|npm)_|^(CI|NODE_OPTIONS|BASH_ENV)$/.test(name));
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    LANG: "C.UTF-8",
    PATH: `${programs}:${process.env["PATH"] ?? ""}:/usr/sbin`,
    PYTHONPATH: pahoFolder,
    npm_config_update_notifier: "false",
  };
}
