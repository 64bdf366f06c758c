import { readdirSync, readFileSync } from "node:fs";
import type { Exposition } from "../exposition.ts";
import { processFamilies as names } from "../table/process.ts";

/** What the system says of this process. What only Linux tells is left out elsewhere. */
export function collectProcess(out: Exposition, startedAtMs: number): void {
  const { user, system } = process.cpuUsage();
  out.put(names.cpu, (user + system) / 1e6);
  out.put(names.memory, process.memoryUsage.rss());
  out.put(names.started, startedAtMs / 1_000);
  const virtualKiB = /^VmSize:\s+(\d+)/m.exec(readProc("status"))?.[1];
  if (virtualKiB !== undefined) out.put(names.virtualMemory, Number(virtualKiB) * 1_024);
  const filesMax = /^Max open files\s+(\d+)/m.exec(readProc("limits"))?.[1];
  if (filesMax === undefined) return;
  out.put(names.filesMax, Number(filesMax));
  out.put(names.openFiles, readdirSync("/proc/self/fd").length);
}

function readProc(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8");
  } catch {
    // Not Linux.
    return "";
  }
}
