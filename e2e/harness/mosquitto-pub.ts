import { spawnSync } from "node:child_process";
import { mosquittoPub, requirePath } from "../parts/find.ts";

/** One message from the real `mosquitto_pub`, as a machine would send it; throws with its output when it fails. */
export function mosquittoPublish(port: number, vm: string, topic: string, message: string): void {
  const result = spawnSync(
    requirePath(mosquittoPub),
    ["-h", "127.0.0.1", "-p", String(port), "-i", vm, "-u", vm, "-t", topic, "-q", "1", "-m", message],
    { encoding: "utf8", timeout: 15_000 },
  );
  if (result.status !== 0) throw new Error(`mosquitto_pub: ${result.status} ${result.stdout}${result.stderr}`);
}
